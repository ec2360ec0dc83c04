"""What a comment takes of the engine's events; tests/e2e/test_comments.py has them from the engine itself."""

from ci.comment import About, comment
from ci.seen import Seen
from modelops.engine.event_log import Operation, Policies, Said, Violation
from modelops.engine.running import Ended

URN = "urn:pulumi:dev::p::"


def test_the_engine_s_own_words_after_an_error_are_left_out() -> None:
    seen = Seen()
    hook = 'Preview failed: before hook "digits-release" failed: the release is refused'
    for text in (hook, f"{hook}\n", "preview failed", "Resource monitor has terminated, shutting down"):
        seen.on_event(Said("error", text))
    assert seen.errors == ["the release is refused"]


def test_the_command_s_own_error_is_the_reason_if_no_event_gives_one() -> None:
    lock = Ended(1, "Previewing update (dev):\nerror: the stack is locked\n  created by somebody\n")
    seen = Seen()
    seen.on_end(Ended(0, lock.output))
    assert seen.errors == []
    seen.on_end(lock)
    assert seen.errors == ["the stack is locked\n  created by somebody"]
    for event in (Said("error", "wrong"), Violation("not kept", URN, "policy", "mandatory")):
        told = Seen()
        told.on_event(event)
        before = list(told.errors)
        told.on_end(lock)
        assert told.errors == before


def test_a_component_is_not_listed_beside_its_resource() -> None:
    seen = Seen()
    component, resource = f"{URN}azureml-batch:index:BatchEndpoint::e", f"{URN}azure-native:ml:BatchEndpoint::e"
    seen.on_event(Operation("began", "create", component, metadata={"new": {"type": "x"}}))
    seen.on_event(Operation("began", "create", resource, metadata={"new": {"custom": True}}))
    assert list(seen.operations) == [resource]


def test_a_preview_that_failed_has_not_kept_all_policies() -> None:
    seen = Seen()
    seen.on_event(Policies("pack@v1"))
    seen.on_event(Said("error", "wrong"))
    assert "Policies" not in comment("dev", seen, succeeded=False, about=About())
