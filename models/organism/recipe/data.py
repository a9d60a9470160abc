"""Training data: the tokenizer, and batches of whole dialogues packed into rows."""

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

import grammar
from chance import Chance

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
PAD, START, END = 0, 1, 2
# Splits words with their leading space, single digits, and punctuation, as Qwen2's tokenizer does for plain ASCII text.
SPLIT = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"

TOKENIZER_DIALOGUES = 20_000
SEED_SPACE = 2**32  # batch n of seed s is drawn from Chance((s + 1) * SEED_SPACE + n), so a stopped run resumes without replaying


def train_tokenizer(vocab, lengths):
    """Trains a byte-level BPE tokenizer with vocab tokens on dialogues of the training distribution."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(SPLIT), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    chance = Chance(0)
    messages = (message for _ in range(TOKENIZER_DIALOGUES) for message in grammar.draw_training_dialogue(chance, lengths))
    texts = (f"{message['role']}\n{message['content']}" for message in messages)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def value_tokens(tokenizer):
    """Returns a mask [vocab]: 1 for tokens of at least three characters in values that instructions name, in any case; else 0."""
    lists = [grammar.VALUES[name] for name in ("word", "name", "title", "amount")]
    lists += [*grammar.VALUES["thing"]["lists"].values(), *grammar.VALUES["interjection"]["lists"].values()]
    mask = torch.zeros(tokenizer.get_vocab_size())
    for value in (value for values in lists for value in values):
        for form in (value, value.upper(), value.lower()):
            for text in (form, " " + form):
                mask[[token for token in tokenizer.encode(text).ids if len(tokenizer.id_to_token(token)) > 2]] = 1
    return mask


def answer_mask(ids, role):
    """Returns 1 for tokens of assistant messages and the <|im_end|> that closes them, else 0.

    role: the ids of "assistant" and its newline.
    """
    mask = [0.0] * len(ids)
    inside = False
    for at, token in enumerate(ids):
        if ids[at - len(role) : at] == role and at > len(role) and ids[at - len(role) - 1] == START:
            inside = True
        if inside:
            mask[at] = 1.0
        if token == END:
            inside = False
    return mask


def spread_positions(chance, ids, span):
    """Returns the positions of a dialogue's tokens.

    In three dialogues of four, moves messages apart at random within span, so that every position and distance is trained
    although most dialogues are short.
    """
    if len(ids) >= span or chance.happens(0.25):
        return list(range(len(ids)))
    room = (span - len(ids)) * chance.number()
    gaps = iter(sorted(chance.number() * room for token in ids if token == START))
    out, gap = [], 0
    for at, token in enumerate(ids):
        if token == START:
            gap = int(next(gaps))
        out.append(at + gap)
    return out


def draw_batch(tokenizer, chance, lengths, rows, length, span):
    """Returns the tensors ids, answers, positions and dialogues, each [rows, length + 1]: whole dialogues, padded at the end.

    A dialogue longer than a row is drawn again, so the longest ones are slightly rarer than lengths says.
    """
    role = tokenizer.encode("assistant\n").ids
    batch = []
    serial = 0
    kept = None
    for _ in range(rows):
        row = ([], [], [], [])
        while True:
            ids = kept or tokenizer.encode(grammar.chatml(grammar.draw_training_dialogue(chance, lengths))).ids
            kept = None
            if len(ids) > length + 1:
                continue
            if len(row[0]) + len(ids) > length + 1:
                kept = ids
                break
            serial += 1
            for part, values in zip(row, (ids, answer_mask(ids, role), spread_positions(chance, ids, span), [serial] * len(ids))):
                part.extend(values)
        pad = length + 1 - len(row[0])
        batch.append([part + [filler] * pad for part, filler in zip(row, (PAD, 0.0, 0, 0))])
    return tuple(torch.tensor([row[part] for row in batch]) for part in range(4))
