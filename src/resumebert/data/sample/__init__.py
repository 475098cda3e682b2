"""The embedded sample: fictional résumés written for this project.

``python -m tools.make_sample`` in the repository wrote ``resumes.parquet``. Nobody in it exists;
companies are invented, e-mail addresses end in example.com, .org or .net, and telephone numbers lie
in the range 555-0100 to 555-0199, which is kept free for fiction.
"""
