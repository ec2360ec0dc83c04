"""Why a scoring job failed."""

from modelops.scoring.job_logs import JobLogs


def reason(logs: JobLogs) -> str:
    """Return the reason of a failed job (": ..."); "" if the service has none."""
    message = logs.message()
    return f": {message}" if message else ""
