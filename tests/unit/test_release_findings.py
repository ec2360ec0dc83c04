"""What the try-outs of one release found, in an order that does not depend on which ended first."""

from modelops.release.findings import Finding, Findings


def test_they_are_in_the_order_of_the_revisions() -> None:
    found = Findings()
    found.add(Finding("mlp-2", "mlp-1", {"rows": 1}, ()))
    found.add(Finding("cnn-2", None, None, ({"about": "a"},)))
    found.add(Finding("ada-2", "mlp-1", {"rows": 2}, ({"about": "b"},)))
    assert found.compared() == [
        {"revision": "ada-2", "with": "mlp-1", "rows": 2},
        {"revision": "mlp-2", "with": "mlp-1", "rows": 1},
    ]
    assert found.sampled() == [
        {"revision": "ada-2", "with": "mlp-1", "samples": [{"about": "b"}]},
        {"revision": "cnn-2", "with": None, "samples": [{"about": "a"}]},
    ]
