"""Who is signed in to Azure, as the token says."""

from typing import Final

import jwt

from modelops import azure
from modelops.workspace import Workspace

_SCOPE: Final = "https://management.azure.com/.default"
_CLAIMS: Final = ("upn", "unique_name", "preferred_username", "appid", "azp", "oid")
"""The first that there is: a user's name, an application's client id, any principal's object id.

Source: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
"""


def name(workspace: Workspace) -> str:
    """Return the name of the user who is signed in, or the client id of the application; empty if it says neither.

    Raises:
        ReleaseError: nobody is signed in.
    """
    with azure.step("asking who is signed in"):
        token = workspace.credential.get_token(_SCOPE).token
    try:
        # Azure checks the signature with each request; here it is only told.
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return ""
    return next((str(claims[each]) for each in _CLAIMS if claims.get(each)), "")
