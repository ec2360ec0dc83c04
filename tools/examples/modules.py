"""Python modules that stand in for what would download a model: each with the part that an example calls.

They are written beside a notebook, which so finds them first, and made of nothing but what its Python has anyway.
"""

TENSORFLOW_HUB = '''\
"""In place of tensorflow_hub: a small layer with random weights instead of the one at the address."""

import tensorflow as tf


class KerasLayer(tf.keras.layers.Layer):
    """Says something about the 1001 classes of ImageNet, and has learnt nothing."""

    def __init__(self, address, **more):
        super().__init__(**more)
        self.means, self.classes = tf.keras.layers.GlobalAveragePooling2D(), tf.keras.layers.Dense(1001)

    def call(self, images):
        return self.classes(self.means(images))
'''

TRANSFORMERS = '''\
"""In place of transformers: a summarizer whose saved model is a very small BART with random weights."""

import json
import struct
from pathlib import Path

CONFIG = {
    "architectures": ["BartForConditionalGeneration"],
    "model_type": "bart",
    "vocab_size": 261,
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 16,
    "decoder_ffn_dim": 16,
    "max_position_embeddings": 1024,
    "bos_token_id": 0,
    "pad_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 2,
    "forced_eos_token_id": 2,
    "torch_dtype": "float32",
}


def pipeline(task, model, framework):
    return Summarizer()


class Summarizer:
    """Has the only method that the notebook calls."""

    def save_pretrained(self, folder):
        place = Path(folder)
        place.mkdir(exist_ok=True)
        (place / "config.json").write_text(json.dumps(CONFIG))
        words = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *letters()]
        (place / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
        (place / "merges.txt").write_text("#version: 0.2\\n")
        (place / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BartTokenizer"}))
        (place / "model.safetensors").write_bytes(tensors())


def tensors():
    """Return two of the model's tensors; transformers makes up the others, and says so in the log.

    What they say: the letter 'a' is likely, and the end of the text is likelier.
    """
    words, width = CONFIG["vocab_size"], CONFIG["d_model"]
    likely = [0.0] * words
    likely[CONFIG["eos_token_id"]], likely[CONFIG["vocab_size"] - 190] = 2.0, 1.0
    end = 4 * words
    header = json.dumps(
        {
            "__metadata__": {"format": "pt"},
            "final_logits_bias": {"dtype": "F32", "shape": [1, words], "data_offsets": [0, end]},
            "model.shared.weight": {"dtype": "F32", "shape": [words, width], "data_offsets": [end, end + end * width]},
        }
    ).encode()
    return struct.pack("<Q", len(header)) + header + struct.pack(f"<{words}f", *likely) + bytes(end * width)


def letters():
    """Return the 256 letters by which BART's tokenizer writes bytes."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return [chr(byte) for byte in shown] + [chr(256 + number) for number in range(256 - len(shown))]
'''

OPENAI = '''\
"""In place of openai 0.27: knows no text from another."""

import os

# mlflow asks for a key before it calls this module.
os.environ.setdefault("OPENAI_API_KEY", "none")


class Embedding:
    @staticmethod
    def create(input, **more):
        return {"data": [{"embedding": [0.0, 0.0, 0.0, 1.0]} for _ in input]}
'''

SCORE_BY_SIZE = '''\
"""In place of a scoring script that its repository no longer has: tells the size of each file."""

from pathlib import Path


def init():
    pass


def run(mini_batch):
    return [f"{Path(each).name},{Path(each).stat().st_size}" for each in mini_batch]
'''
