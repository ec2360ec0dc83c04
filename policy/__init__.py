"""The project's policy pack: rules that a preview checks, as plain functions with the texts that explain them.

`__main__.py` is what `pulumi preview --policy-pack policy` runs. docs/policy.md has the table of rules.
"""
