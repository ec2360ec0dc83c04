"""A stand-in for the `azure-native` provider plugin, so that the real Pulumi engine runs with no plugin download.

The engine starts it as `python -m pulumi_standins.azure_native <engine address>`. It behaves like azure-native 3.x
where a stack can tell the difference (names, diffs, replacements, refresh, partial failures, error texts), for the
resource types in `resources.py`; it refuses any other type. For Azure it is an ordinary, strict client of
https://management.azure.com and https://login.microsoftonline.com: it does not know about the sandbox behind the proxy.
"""
