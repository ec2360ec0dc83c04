"""The page of the sandbox in the browser, for people: read-only, on loopback, behind a cookie.

``sign_in`` decides who may see it, ``site`` answers requests, ``overview`` and ``jobs`` say what is on a page, and
``files``, ``predictions`` and ``images`` read as much of a job's files as a page shows. What is shown is other
people's text: every template escapes it, and the policy of a page lets the browser run and load only what the page
brings along.
"""
