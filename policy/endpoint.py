"""Rules on batch endpoints as Pulumi creates them. The models that they serve are in the marker: policy/release.py."""

from collections.abc import Iterator
from typing import Final

from pulumi_policy import Severity

from policy.conditions import must_be, must_not_be_set
from policy.naming import ENDPOINT_NAME
from policy.rule import Options, ResourceRule, Rule, Seen
from policy.sources import LIMITS, ML, control, limit

ENDPOINT: Final = "machinelearningservices:BatchEndpoint"


def _no_own_identity(resource: Seen, _options: Options) -> Iterator[str]:
    kind = resource.properties.at("identity.type")
    if isinstance(kind, str) and "userassigned" in kind.casefold():
        yield f"identity.type is {kind!r}; the service refuses it (CannotSetResourceIdentity)."


RULES: Final[list[Rule]] = [
    ResourceRule(
        name="machinelearning-batchendpoint-entra-only",
        description="A batch endpoint accepts only Entra tokens.",
        kinds=(ENDPOINT,),
        check=must_be("properties.authMode", "AADToken"),
        remedy="Set auth_mode to AADToken in components/endpoint.py; batch endpoints support nothing else.",
        url=f"{ML}how-to-authenticate-batch-endpoint",
        framework=control(51),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="machinelearning-batchendpoint-no-keys",
        description="A batch endpoint's body contains no keys.",
        kinds=(ENDPOINT,),
        check=must_not_be_set("properties.keys"),
        remedy="Leave keys unset: they would be in the stack's state.",
        url=f"{ML}how-to-authenticate-batch-endpoint",
        framework=control(52),
        severity=Severity.HIGH,
    ),
    ResourceRule(
        name="machinelearning-batchendpoint-no-user-identity",
        description="A batch endpoint has no user-assigned identity.",
        kinds=(ENDPOINT,),
        check=_no_own_identity,
        remedy="Leave the endpoint's identity unset; jobs run as the cluster's identity.",
        url="https://github.com/Azure/azure-rest-api-specs/issues/40149",
        framework=limit("identities of an endpoint"),
    ),
    ResourceRule(
        name="machinelearning-batchendpoint-name",
        description="A batch endpoint has a name that the service accepts.",
        kinds=(ENDPOINT,),
        check=ENDPOINT_NAME.of("endpointName"),
        remedy="Give the endpoint another key under endpoints in the stack file.",
        url=LIMITS,
        framework=limit("names"),
    ),
]
