"""The web page and its HTTP API: a trained model labels what a browser or a program sends.

Its libraries come with ``pip install 'resumebert[app]'``. Nothing is loaded from another machine.
"""
