"""Behaviour that public sources do not settle: stricter readings, with switches for the others (behaviour.md)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Switches:
    """The sandbox's behaviour where Azure's is unconfirmed.

    The defaults are the stricter readings: what works with them works with the others.
    """

    put_without_defaults_clears: bool = True
    """A PUT of a batch endpoint without ``defaults`` clears the default deployment (else keeps it)."""
    delete_of_default_refused: bool = True
    """Deleting the default deployment answers 409 (else it is deleted and the default cleared)."""
    missing_default_refused: bool = True
    """An endpoint PUT whose ``defaults`` is not an existing deployment answers 400 (else it is stored)."""
    one_operation_per_endpoint: bool = True
    """A change of an endpoint or one of its deployments answers 409 while another is in progress (else it is made)."""
    durations_respelled: bool = True
    """Durations are returned in their shortest form, PT120S as PT2M (else as they were sent)."""
    workspace_dependencies_fixed: bool = True
    """Changing a workspace's storage account or key vault answers 400 (else it is changed)."""
    short_results_retried: bool = False
    """A mini-batch whose run() returns fewer results than inputs is retried (else the gap counts as failed items)."""
    nested_folders_ignored: bool = True
    """Files in sub-folders of a job's input are not scored (else they are)."""
    retries_are_tries: bool = True
    """``max_retries`` counts all tries of a mini-batch (else only those after the first)."""
    init_required: bool = True
    """A scoring script without ``init()`` fails its job (else it is run without)."""
    mlflow_bad_file_fails_job: bool = True
    """Without a scoring script, a file that cannot be scored fails the job (else it is logged and has no rows)."""
    instances_above_maximum_fail: bool = True
    """A job that asks for more nodes than its cluster can have fails (else it runs on as many as there are)."""
    invocation_words_kept: bool = False
    """The job gets the tags and the description of a scoring request (else only the answer to the request has them)."""
    invoke_needs_workspace_actions: bool = True
    """A scoring request needs the documented actions on the workspace too (else those on the endpoint suffice)."""
    input_read_by_caller: bool = True
    """The caller must be able to read a job's input, as well as the cluster's identity (else only the identity)."""
    workspace_identity_needs_roles: bool = True
    """A primary user-assigned identity needs its documented roles: to create a workspace, and to run jobs in it."""
    vault_must_trust_services: bool = True
    """A workspace is refused if its key vault's firewall keeps Azure's services out (else it is created)."""
    builder_uses_its_identity: bool = True
    """The identity of ``imageBuildCompute`` must read the workspace's storage and push (else the workspace's)."""
    registry_needs_roles: bool = True
    """The cluster and the author of a deployment need a role on the registry of its assets (else only the caller)."""
    import_keeps_properties: bool = False
    """A model that is shared with a registry has the tags and properties of its version in the workspace there too."""
    curated_environments_refused: bool = True
    """A batch deployment that names a curated environment answers 400 (else it is taken if the sandbox has it)."""


PROFILES = {
    "harsh": Switches(),
    "lenient": Switches(
        put_without_defaults_clears=False,
        delete_of_default_refused=False,
        missing_default_refused=False,
        one_operation_per_endpoint=False,
        durations_respelled=False,
        workspace_dependencies_fixed=False,
        short_results_retried=True,
        nested_folders_ignored=False,
        retries_are_tries=False,
        init_required=False,
        mlflow_bad_file_fails_job=False,
        instances_above_maximum_fail=False,
        invocation_words_kept=True,
        invoke_needs_workspace_actions=False,
        input_read_by_caller=False,
        workspace_identity_needs_roles=False,
        vault_must_trust_services=False,
        builder_uses_its_identity=False,
        registry_needs_roles=False,
        import_keeps_properties=True,
        curated_environments_refused=False,
    ),
}
"""The two profiles, by name. What works under both does not depend on the unconfirmed behaviour."""
