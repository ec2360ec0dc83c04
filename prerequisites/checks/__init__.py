"""The checks before a deployment to Azure, one subject each; they only read.

`order` has all of them. Each yields a `Finding` for everything that is wrong, and so they are reported together.
"""
