"""The failures of a job, with the service's texts where they are public (from errors that users published)."""

from pathlib import Path

from sandbox.azure.arm import disk


class JobFailed(Exception):  # noqa: N818 - an outcome
    """A job that ends as Failed; ``code`` goes into the run's error with the message."""

    def __init__(self, message: str, code: str = "UserError") -> None:
        super().__init__(message)
        self.message = message
        self.code = code

    @property
    def error(self) -> dict[str, str]:
        """The run's error."""
        return {"code": self.code, "message": self.message}


def no_input(left_out: int) -> JobFailed:
    """No file to score; the service reports this after 600 s, the sandbox at once and with the reason.

    ``left_out`` is the number of files in sub-folders.
    """
    but = f", only {left_out} in sub-folders, which are not scored" if left_out else ""
    return JobFailed(f"Unable to create any task within 600 seconds. The input has no files to score{but}.")


def no_access(who: str, object_id: str, role: str, scope: str, blob: str = "") -> JobFailed:
    """An identity is missing a role; the service's text names neither, so the sandbox adds both.

    ``blob``: the name that the condition of a role would have to allow.
    """
    identity = f"{who} ({object_id})" if object_id else f"{who} (it has none)"
    without_limits = f", without a condition that excludes '{blob}'" if blob else ""
    return JobFailed(
        "ScriptExecutionException was caused by StreamAccessException. StreamAccessException was caused by "
        f"AuthenticationException. {identity} is missing a role such as '{role}' on '{scope}'{without_limits}."
    )


def no_registry(who: str, object_id: str, registry: str) -> JobFailed:
    """An identity may not read a registry; the first sentence as reported in Azure/azure-sdk-for-python#34783."""
    return JobFailed(
        f"User/tenant/subscription is not allowed to access registry {registry.rpartition('/')[2]}."
        f" {who} ({object_id}) is missing a role such as 'AzureML Registry User' on '{registry}'."
    )


def too_many_nodes(wanted: int, compute: str, most: int) -> JobFailed:
    """The job asks for more nodes than its cluster can ever have."""
    name = compute.rpartition("/")[2]
    return JobFailed(
        f"The job's instance count is {wanted}, and the cluster '{name}' has at most {most} nodes."
        f" Allowed are 1 to {most}, or make the cluster's maximum larger."
    )


def output_exists(path: str) -> JobFailed:
    """The output file already exists."""
    return JobFailed(f"The path already exists: '{path}'. Give each job its own output location or file name.")


def too_many_failed(failed: int, allowed: int) -> JobFailed:
    """More failed items than ``error_threshold`` allows."""
    return JobFailed(f"The number of failed items is {failed}, which exceeds error threshold {allowed}.")


def nothing_succeeded() -> JobFailed:
    """append_row without a single row."""
    return JobFailed(
        "NoResultToAppendError: There is no succeeded mini batch item returned from run(). Please check"
        " 'response: run()' in https://aka.ms/batch-inference-documentation."
    )


def init_failed(times: int, error: str) -> JobFailed:
    """``init()`` keeps failing in every process (the misspelling is the service's)."""
    return JobFailed(
        f"The init() in the entry scipt had raised exception for {times} times. Please check logs for details."
        f" The last one: {error}"
    )


def import_failed(error: str) -> JobFailed:
    """The scoring script cannot be imported."""
    return JobFailed(f"EntryScriptException: {error}")


def bad_input_file(error: str) -> JobFailed:
    """MLflow's driver cannot score a file (text: https://learn.microsoft.com/azure/machine-learning/how-to-mlflow-batch)."""
    return JobFailed(error.partition(": ")[2])


def no_progress(seconds: float) -> JobFailed:
    """No mini-batch has ended for too long."""
    return JobFailed(f"No progress update in {seconds:.0f} seconds. No progress update in this check.")


def image_build_failed(environment: str, problems: list[str]) -> JobFailed:
    """There is no such environment here; ``problems`` are sentences that name the packages."""
    return JobFailed(f"Image build failed for environment '{environment}': {' '.join(problems)}", "ImageBuildFailure")


def image_pull_failed(image: str, who: str, object_id: str, registry_id: str) -> JobFailed:
    """A node may not pull the image (text: Azure/MachineLearningNotebooks#1479); the sandbox adds identity and role."""
    identity = f"{who} ({object_id})" if object_id else f"{who} (it has none)"
    return JobFailed(
        f"FailedPullingImage: Unable to pull docker image imageName: {image} error: Run docker command to pull "
        "public image failed with error: Error response from daemon: unauthorized: authentication required, visit "
        f"https://aka.ms/acr/authorization for more information. {identity} is missing a role such as 'AcrPull' on "
        f"'{registry_id}'."
    )


def workspace_identity_lacks(object_id: str, workspace_id: str) -> JobFailed:
    """The workspace's identity is missing a role; the text is ours."""
    return JobFailed(
        f"The primary identity of the workspace ({object_id}) is missing a role such as 'Contributor' on "
        f"'{workspace_id}'. "
        "https://learn.microsoft.com/azure/machine-learning/how-to-identity-based-service-authentication requires "
        "it."
    )


def sandbox_stopped() -> JobFailed:
    """The sandbox stopped while the job was running."""
    return JobFailed(
        "The sandbox stopped while the job was running, so the job ended without an output file. Start the sandbox "
        "(`python -m sandbox start`) and submit the job again.",
        "SandboxStopped",
    )


def disk_full(folder: Path) -> JobFailed:
    """The disk with the jobs' files is full."""
    return JobFailed(f"{disk.told(folder)} What the job had not stored yet is lost.", "InsufficientStorage")


def sandbox_defect(error: BaseException) -> JobFailed:
    """An error in the sandbox's own code; its traceback has to be logged."""
    return JobFailed(f"The sandbox failed: {error!r}. The traceback is in log/server.log.", "SandboxDefect")


def exit_42(reason: str) -> str:
    """Return the text of a run's error for any failure of the driver, with the reason."""
    return (
        "Execution failed. User process '/azureml-envs/sandbox/bin/python' exited with status code 42. Please check log"
        f" file 'user_logs/std_log_0.txt' for error details. Error: {reason} Please check logs for error. You can check"
        " logs/readme.txt for the layout of logs."
    )
