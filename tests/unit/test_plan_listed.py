"""What `plan` shows of the engine's own list, where the refusal of a release was told above it."""

from modelops.commands.plan import listed

TOLD = "a rollback abandoned mlp-1.\n  To let it serve again: COMMAND"
HOOK = "before hook \"digits-release\" failed: the release of endpoint 'digits' is refused: a rollback abandoned mlp-1."
OUTPUT = f"""\
Previewing update (dev):
 ~  pulumi:index:Stash digits-marker update [diff: ~input]
 ~  pulumi:index:Stash digits-marker update [diff: ~input]; error: Preview failed: {HOOK}
    pulumi:pulumi:Stack azureml-batch-endpoint-dev running error: preview failed
    pulumi:pulumi:Stack azureml-batch-endpoint-dev running error: Resource monitor has terminated, shutting down
    pulumi:pulumi:Stack azureml-batch-endpoint-dev  2 errors
 ~  pulumi:index:Stash digits-marker update [diff: ~input]; 1 error
Diagnostics:
  pulumi:index:Stash (digits-marker):
    error: Preview failed: {HOOK}
      To let it serve again: COMMAND

  pulumi:pulumi:Stack (azureml-batch-endpoint-dev):
    error: preview failed
    error: Resource monitor has terminated, shutting down

Resources:
    40 unchanged
    2 errored
"""


def test_a_refusal_that_was_told_is_not_told_again() -> None:
    assert listed(OUTPUT, [TOLD]).split("\n") == [
        "Previewing update (dev):",
        " ~  pulumi:index:Stash digits-marker update [diff: ~input]",
        "",
        "Resources:",
        "    40 unchanged",
        "    2 errored",
    ]


def test_another_error_stays_below_its_heading() -> None:
    other = "  azure-native:resources:ResourceGroup (group):\n    error: no such region\n\nResources:"
    assert "Diagnostics:\n\n  azure-native:resources:ResourceGroup (group):\n    error: no such region\n" in listed(
        OUTPUT.replace("Resources:", other), [TOLD]
    )


def test_nothing_is_left_out_if_nothing_was_told() -> None:
    assert listed(OUTPUT) == OUTPUT.strip("\n")
