"""`requireReleasedIn` on the real engine: a model goes to a stack after another stack has released it."""

import shutil

from modelops.plan import fingerprint
from tests.e2e.profiles import IN_BOTH_PROFILES
from tests.e2e.rehearsal import Rehearsal
from tests.e2e.test_going_back import ONE_STEP, pin, switches, unpin


@IN_BOTH_PROFILES
def test_a_model_waits_until_the_other_stack_has_released_it(deployed: Rehearsal) -> None:
    """Stack dev is the upper one here, because it is deployed; there is no stack staging yet."""
    shutil.copy(deployed.folder / "Pulumi.dev.yaml", deployed.folder / "Pulumi.staging.yaml")
    deployed.configure(lambda config: config.update(requireReleasedIn="staging"))
    old, before = deployed.default, deployed.mark()
    assert deployed.up("--expect-no-changes").steps == ()

    deployed.change_one_byte_of_the_model()
    command = "python -m sandbox run -- pulumi up --stack staging"
    for verb in ("preview", "up"):
        refused = deployed.pulumi(verb).failed()
        assert (
            "the release of endpoint 'digits' is refused: requireReleasedIn is 'staging', whose outputs cannot be "
            'read: unknown stack "organization/azureml-batch-endpoint/staging". Nothing was released. Release the '
            "same files there first:" in refused.flat
        )
        assert command in refused.flat
        assert "Traceback" not in refused.text
    # A pin asks no other stack.
    pin(deployed, old)
    assert deployed.up().steps == ONE_STEP
    assert deployed.writes(before) == []
    unpin(deployed)

    deployed.pulumi("up", "--stack", "staging").ok()
    before = deployed.mark()
    assert deployed.up().steps == ONE_STEP
    assert deployed.default != old
    assert switches(deployed, before)[-1].startswith("PUT ")

    deployed.change_one_byte_of_the_model()
    digest = fingerprint.digest(deployed.folder / "examples" / "digits" / "model")
    before = deployed.mark()
    for verb in ("preview", "up"):
        refused = deployed.pulumi(verb).failed()
        assert (
            f"requireReleasedIn is 'staging', which has not released the model of mlp (sha256 {digest[:12]}). Nothing "
            "was released." in refused.flat
        )
    assert deployed.writes(before) == []
