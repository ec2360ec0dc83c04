"""The public examples that the runner knows, and what each needs that a checkout or a sandbox lacks."""

import json

from tools.examples import modules, stand_ins
from tools.examples.example import Example, Public, StandIn, Step

_SDK = "sdk/python/endpoints/batch"
_MODELS = f"{_SDK}/deploy-models"
_PIPELINES = f"{_SDK}/deploy-pipelines"
_ASSETS = "assets/batch-endpoints-data"
_REST = "cli/endpoints/batch/mnist"
_UNTIL_DONE = Step("ml_client.jobs.stream(job.name)", "waits for the job, as the text above the cell says")
_DIGITS = StandIn(
    f"{_ASSETS}/mnist-batch/data.zip", stand_ins.digit_images(40), "40 random images for an archive in Git LFS"
)
_SCRIPTS = "cli/endpoints/batch/deploy-models"
_HUB = StandIn(
    f"{_MODELS}/imagenet-classifier/tensorflow_hub.py",
    stand_ins.text(modules.TENSORFLOW_HUB),
    "tensorflow_hub's download: a small layer with random weights",
)
_IMAGES = StandIn(
    f"{_ASSETS}/imagenet-classifier/imagenet-1000.zip",
    stand_ins.copies_of("goldfish.JPEG", 40),
    "40 copies of its goldfish for an archive in Git LFS",
)
_OWN_NAMES = Step(
    "import os\n"
    "subscription_id, registry_name = os.environ['AZURE_SUBSCRIPTION_ID'], 'shared'\n"
    "resource_group, workspace = os.environ['EXAMPLE_GROUP'], os.environ['EXAMPLE_WORKSPACE']\n",
    "fills in the reader's own names",
)
_OLDER_MLFLOW = """\
dependencies:
  - python=3.8.5
  - pip:
      - azure-identity
      - datasets
      - mlflow==2.7.1
      - numpy==1.24.4
"""
_ANY_PYTHON = "dependencies:\n  - python=3.10\n"


def _openai(folder: str) -> tuple[StandIn, ...]:
    """Return what the example of OpenAI lacks, whose files are the same for the notebook and for the script."""
    return (
        StandIn(
            f"{folder}/environment/conda.yaml",
            stand_ins.text(_OLDER_MLFLOW),
            "a conda file with mlflow 2.7.1, because the script reads what newer ones no longer keep",
        ),
        StandIn(
            f"{folder}/model/MLmodel",
            stand_ins.more("artifact_path: model\nrun_id: none\n"),
            "two lines in `MLmodel`, without which mlflow 2.7.1 and older cannot read it",
        ),
        StandIn(
            f"{folder}/code/openai.py",
            stand_ins.text(modules.OPENAI),
            "Azure OpenAI: a module `openai` with the same answer to every text",
        ),
    )


EXAMPLES = (
    Example(
        "lab-11",
        "Labs/11/Deploy to batch endpoint.ipynb",
        "Learn lab 11, diabetes by MLflow",
        clusters={"aml-cluster": 2},
        before={13: _UNTIL_DONE},
    ),
    Example(
        "heart",
        f"{_MODELS}/heart-classifier-mlflow/mlflow-for-batch-tabular.ipynb",
        "heart classifier by MLflow, and with a script",
        note="it never invokes its deployment with a script, whose jobs fail: `mlflow.pyfunc.load` no longer exists",
    ),
    Example("custom-outputs", f"{_MODELS}/custom-outputs-parquet/custom-output-batch.ipynb", "custom outputs"),
    Example(
        "mnist",
        f"{_MODELS}/mnist-classifier/mnist-batch.ipynb",
        "mnist with torch and keras",
        clusters={"batch-cluster": 5},
        stand_ins=(_DIGITS,),
    ),
    Example(
        "imagenet",
        f"{_MODELS}/imagenet-classifier/imagenet-classifier-batch.ipynb",
        "imagenet",
        stand_ins=(_HUB, _IMAGES),
    ),
    Example(
        "imagenet-mlflow",
        f"{_MODELS}/imagenet-classifier/imagenet-classifier-mlflow.ipynb",
        "imagenet",
        stand_ins=(_HUB,),
    ),
    Example(
        "summarization",
        f"{_MODELS}/huggingface-text-summarization/text-summarization-batch.ipynb",
        "text summarization",
        stand_ins=(
            StandIn(
                f"{_MODELS}/huggingface-text-summarization/transformers.py",
                stand_ins.text(modules.TRANSFORMERS),
                "the download of facebook/bart-large-cnn: a small BART with random weights",
            ),
        ),
    ),
    Example(
        "openai",
        f"{_MODELS}/openai-embeddings/deploy-and-test.ipynb",
        "OpenAI embeddings",
        stand_ins=_openai(f"{_MODELS}/openai-embeddings"),
        skipped={26: "it is not Python (nothing below `with` is indented)"},
    ),
    Example(
        "hello-batch",
        f"{_PIPELINES}/hello-batch/sdk-deploy-and-test.ipynb",
        "pipelines",
        curated={"azureml/sklearn-1.5:1": _ANY_PYTHON},
    ),
    Example(
        "scoring-pipeline", f"{_PIPELINES}/batch-scoring-with-preprocessing/sdk-deploy-and-test.ipynb", "pipelines"
    ),
    Example(
        "training-pipeline",
        f"{_PIPELINES}/training-with-components/sdk-deploy-and-test.ipynb",
        "pipelines",
        skipped={1: "installs azure-ai-ml from the network; the notebook's Python has it"},
    ),
    Example(
        "registry-pipeline",
        f"{_PIPELINES}/from-registry/sdk-deploy-and-test.ipynb",
        "pipelines",
        curated={"azureml/sklearn-1.5:1": _ANY_PYTHON, "shared/any:1": _ANY_PYTHON},
        before={3: _OWN_NAMES},
    ),
    Example(
        "batch-score",
        "cli/batch-score.sh",
        "batch-score.sh",
        stand_ins=(_DIGITS,),
    ),
    Example(
        "batch-score-rest",
        "cli/batch-score-rest.sh",
        "batch-score-rest.sh",
        stand_ins=(
            StandIn(f"{_REST}/code/digit_identification.py", stand_ins.text(modules.SCORE_BY_SIZE), "a scoring script"),
            StandIn(f"{_REST}/model/model.txt", stand_ins.text("sizes"), "a model"),
            StandIn(
                f"{_REST}/environment/conda.json",
                stand_ins.text(json.dumps({"dependencies": ["python=3.10"]})),
                "a conda file as JSON (its repository no longer has any of the three)",
            ),
        ),
        public=(
            Public(
                "https://azuremlexampledata.blob.core.windows.net/data/mnist/sample/",
                stand_ins.digit_folder(40),
                "40 random images in a public account",
            ),
        ),
        note="its first job completes; `PUT datasets/...` is refused, for its API version has no such type, and so is "
        "its second job, because its output is a `UriFolder`",
    ),
    Example(
        "heart-sh",
        f"{_SCRIPTS}/heart-classifier-mlflow/deploy-and-run.sh",
        "heart classifier by MLflow, and with a script",
        note="it registers a folder `model` that its repository does not have",
    ),
    Example(
        "custom-outputs-sh",
        f"{_SCRIPTS}/custom-outputs-parquet/deploy-and-run.sh",
        "custom outputs",
        note="it deploys and starts its job, then bash does not find the command `JOB_NAME` "
        "(line 53 has spaces around `=`)",
    ),
    Example(
        "mnist-sh",
        f"{_SCRIPTS}/mnist-classifier/deploy-and-run.sh",
        "mnist with torch and keras",
        public=(
            Public(
                "https://automlsamplenotebookdata.blob.core.windows.net/batch/data/mnist/sample/",
                stand_ins.digit_folder(40),
                "40 random images in a public account",
            ),
            Public(
                "https://azuremlexampledata.blob.core.windows.net/data/mnist/sample/",
                stand_ins.digit_folder(40),
                "and in another",
            ),
        ),
    ),
    Example(
        "imagenet-sh",
        f"{_SCRIPTS}/imagenet-classifier/deploy-and-run.sh",
        "imagenet",
        note="wget downloads its model from the internet",
    ),
    Example(
        "summarization-sh",
        f"{_SCRIPTS}/huggingface-text-summarization/deploy-and-run.sh",
        "text summarization",
        note="it deploys, then shows a deployment `text-summarization-hfbart` that its files do not make",
        stand_ins=(
            StandIn(
                f"{_SCRIPTS}/huggingface-text-summarization/model/config.json",
                stand_ins.text("{}"),
                "a folder `model`, so that conda is not called",
            ),
        ),
    ),
    Example(
        "openai-sh",
        f"{_SCRIPTS}/openai-embeddings/deploy-and-run.sh",
        "OpenAI embeddings",
        clusters={"batch-cluster-lp": 1},
        stand_ins=_openai(f"{_SCRIPTS}/openai-embeddings"),
    ),
)
