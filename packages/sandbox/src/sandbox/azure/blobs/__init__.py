"""Blob storage: containers and block blobs of the storage accounts, on disk, behind the Blob service's REST API.

The other services use ``store`` (``World.blobs``); ``front`` is the HTTP side, for the hosts
``<account>.blob.core.windows.net``.
"""
