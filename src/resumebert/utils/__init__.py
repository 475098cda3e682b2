"""What all other packages use: errors, files and folders, settings, processes, hardware."""
