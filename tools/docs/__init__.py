"""The documentation: the references, and the site that Sphinx builds."""
