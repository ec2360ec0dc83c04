"""Rules on what else a workspace can have: no stored keys, no endpoint that a key opens, no other kind of compute.

The program creates none of these; the rules are for programs that do.
"""

from typing import Final

from pulumi_policy import Severity

from policy.cluster import COMPUTE
from policy.conditions import all_of, must_be, must_not_be_set
from policy.rule import ResourceRule, Rule
from policy.sources import IDENTITIES, ML, control

DATASTORE: Final = "machinelearningservices:Datastore"
CONNECTION: Final = "machinelearningservices:WorkspaceConnection"
ONLINE: Final = "machinelearningservices:OnlineEndpoint"
SERVERLESS: Final = "machinelearningservices:ServerlessEndpoint"

RULES: Final[list[Rule]] = [
    ResourceRule(
        name="machinelearning-datastore-no-keys",
        description="A datastore has no key, SAS, certificate or password; jobs sign in with their identity.",
        kinds=(DATASTORE,),
        check=must_be("properties.credentials.credentialsType", "None"),
        remedy="Set credentials to NoneDatastoreCredentialsArgs, and grant the jobs' identity a role on the storage.",
        url=IDENTITIES,
        framework=control(39),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="machinelearning-connection-no-keys",
        description="A connection signs in with Entra, and has no key, token or password.",
        kinds=(CONNECTION,),
        check=must_be("properties.authType", "AAD", "ManagedIdentity", "None"),
        remedy="Set auth_type to AAD or ManagedIdentity, and grant the identity a role on the target.",
        url=f"{ML}how-to-connection",
        framework=control(52),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="machinelearning-onlineendpoint-entra-only",
        description="An online endpoint accepts only Entra tokens, and its body contains no keys.",
        kinds=(ONLINE,),
        check=all_of(must_be("properties.authMode", "AADToken"), must_not_be_set("properties.keys")),
        remedy="Set auth_mode to AADToken, and leave keys unset.",
        url=f"{ML}how-to-authenticate-online-endpoint",
        framework=control(51),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="machinelearning-serverlessendpoint-entra-only",
        description="A serverless endpoint accepts only Entra tokens.",
        kinds=(SERVERLESS,),
        check=must_be("properties.authMode", "AAD"),
        remedy="Set auth_mode to AAD.",
        url=f"{ML}how-to-deploy-models-serverless",
        framework=control(51),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="machinelearning-compute-cluster-only",
        description="A compute is a cluster: instances have SSH, and attached computes have passwords or tokens.",
        kinds=(COMPUTE,),
        check=must_be("properties.computeType", "AmlCompute"),
        remedy="Create an AmlCompute; batch endpoints run on nothing else that this pack can judge.",
        url=f"{ML}how-to-create-attach-compute-cluster",
        framework=control(44),
        severity=Severity.HIGH,
    ),
]
