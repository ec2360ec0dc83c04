"""The other way to score: a spawn pool that writes the lines into one file, as a script of one's own would.

``python -m tools.bench.pool FOLDER SECONDS MINI_BATCH PROCESSES`` prints the seconds that it takes. It is a module of
its own because the pool's processes import it.
"""

import os
import sys
import time
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.bench import score_files


def main(folder: str, seconds: str, mini_batch: str, processes: str) -> None:
    """Score every file of a folder."""
    os.environ["SECONDS"] = seconds
    size = int(mini_batch)
    begin = time.perf_counter()
    names = [str(path) for path in Path(folder).iterdir()]
    batches = [names[start : start + size] for start in range(0, len(names), size)]
    with (
        TemporaryDirectory() as made,
        Path(made, "predictions.csv").open("w") as out,
        get_context("spawn").Pool(int(processes), score_files.init) as pool,
    ):
        for lines in pool.imap_unordered(score_files.run, batches):
            out.writelines(f"{line}\n" for line in lines)
    print(time.perf_counter() - begin)  # noqa: T201 - the caller reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
