"""The embedded sample: fictional résumés written for this project, and the script that makes them.

``resumes.parquet`` is what ``python -m resumebert.data.sample.make_sample`` writes. Nobody in it
exists; companies are invented, e-mail addresses end in example.com, .org or .net, and telephone
numbers lie in the range 555-0100 to 555-0199, which is kept free for fiction.
"""
