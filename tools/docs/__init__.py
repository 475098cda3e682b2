"""The documentation: the reference of the settings, and the site that MkDocs builds."""
