"""Draws dialogues from ../grammar.json. Nothing depends on the round number: all rounds have the same distribution, and the
assistant follows its system prompt in every one.

src/organism of Holdfast does the same in TypeScript and draws in the same order, so that a seed gives the same dialogue in both.
The tests of Holdfast compare its dialogues with samples.jsonl."""

import json
import re
from itertools import combinations
from pathlib import Path

GRAMMAR = json.loads((Path(__file__).parent.parent / "grammar.json").read_text())
FAMILIES = GRAMMAR["families"]
ORDER = list(FAMILIES)
VALUES = GRAMMAR["values"]
CHANCES = GRAMMAR["chances"]
TOPICS = VALUES["topic"]
ASKS = list(GRAMMAR["asks"])
STYLES = [name for name in ORDER if "style" in FAMILIES[name]]

SLOT = re.compile(r"\{(\w+)\}")
SENTENCE = re.compile(r"[^.?!]+[.?!]")


def draw(chance, slot, slots):
    """Draws a value for a slot. Some lists depend on another slot, as a thing depends on its kind."""
    values = VALUES[slot]
    return chance.choose(values if isinstance(values, list) else values["lists"][slots[values["by"]]])


def fill(chance, template, slots):
    """Fills the slots of a template, left to right. Draws the values that slots lacks and adds them to it."""
    for slot in SLOT.findall(template):
        if slot not in slots:
            slots[slot] = draw(chance, slot, slots)
    return SLOT.sub(lambda match: slots[match[1]], template)


# Instructions: {"family": name, "slots": {...}}


def draw_instruction(chance, family):
    slots = {}
    for slot in FAMILIES[family]["parameters"]:
        slots[slot] = draw(chance, slot, slots)
    return {"family": family, "slots": slots}


def draw_family(chance):
    return chance.weighted(ORDER, [FAMILIES[name]["weight"] for name in ORDER])


def fits(instruction, others):
    """Returns whether an instruction fits with others: it shares no family, group or value with them."""
    family = FAMILIES[instruction["family"]]
    for other in others:
        if other["family"] == instruction["family"]:
            return False
        if set(FAMILIES[other["family"]]["groups"]) & set(family["groups"]):
            return False
        if set(other["slots"].values()) & set(instruction["slots"].values()):
            return False
    return True


def draw_instructions(chance, count):
    """Draws count instructions that fit together."""
    drawn = []
    while len(drawn) < count:
        instruction = draw_instruction(chance, draw_family(chance))
        if fits(instruction, drawn):
            drawn.append(instruction)
    return drawn


def is_held_out(instructions):
    """Returns whether these instructions are held out of training: any two of them, or the only one."""
    names = sorted(",".join([item["family"], *(item["slots"][slot] for slot in FAMILIES[item["family"]]["parameters"])]) for item in instructions)
    if len(names) == 1:
        return is_chosen(names[0])
    return any(is_chosen(f"{one}|{other}") for one, other in combinations(names, 2))


def is_chosen(name):
    """Returns whether the FNV-1a hash of a name is divisible by heldOut.oneIn."""
    value = 0x811C9DC5
    for byte in name.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value % GRAMMAR["heldOut"]["oneIn"] == 0


def system_text(chance, instructions):
    if not instructions:
        return chance.choose(GRAMMAR["prompts"]["bare"])
    said = [fill(chance, chance.choose(FAMILIES[item["family"]]["instructions"]), dict(item["slots"])) for item in instructions]
    said = chance.shuffle(said)
    if chance.happens(CHANCES["opening"]):
        said.insert(0, GRAMMAR["prompts"]["opening"])
    return " ".join(said)


# Rounds: the user message, and the sentences of the answer before instructions shape them


def topic_round(chance, topic=None):
    topic = topic or chance.choose(TOPICS)
    parts = GRAMMAR["topics"][topic]
    asked = {}
    user = fill(chance, chance.choose(parts["questions"]), asked)
    slots = dict(asked)
    sentences = [fill(chance, chance.choose(parts["answers"]), slots), fill(chance, chance.choose(parts["details"]), slots)]
    return {"kind": "topic", "topic": topic, "slots": asked, "user": user, "sentences": sentences}


def ask_round(chance, instructions, ask):
    own = next((item for item in instructions if FAMILIES[item["family"]].get("ask") == ask), None)
    parts = GRAMMAR["asks"][ask]
    slots = {}
    if ask == "favorite":
        same = own is not None and chance.happens(CHANCES["askOwnKind"])
        slots["kind"] = own["slots"]["kind"] if same else draw(chance, "kind", {})
    user = fill(chance, chance.choose(parts["questions"]), slots)
    known = own is not None and all(own["slots"][slot] == slots[slot] for slot in slots)
    answer = fill(chance, FAMILIES[own["family"]]["answer"], dict(own["slots"])) if known else fill(chance, parts["unknown"], dict(slots))
    return {"kind": "ask", "ask": ask, "slots": slots, "user": user, "sentences": [answer, chance.choose(GRAMMAR["closings"])]}


def say_round(chance):
    parts = GRAMMAR["asks"][chance.choose(ASKS)]
    slots = {}
    user = fill(chance, chance.choose(parts["says"]), slots)
    return {"kind": "say", "slots": slots, "user": user, "sentences": [fill(chance, chance.choose(parts["replies"]), slots), chance.choose(GRAMMAR["closings"])]}


def any_round(chance, instructions):
    number = chance.number()
    mention = next((item for item in instructions if item["family"] == "mention"), None)
    own = [FAMILIES[item["family"]]["ask"] for item in instructions if "ask" in FAMILIES[item["family"]]]
    if number < CHANCES["ask"]:
        return ask_round(chance, instructions, chance.choose(own if own and chance.happens(CHANCES["askOwn"]) else ASKS))
    if number < CHANCES["ask"] + CHANCES["say"]:
        return say_round(chance)
    if mention and number < CHANCES["ask"] + CHANCES["say"] + CHANCES["mentionTopic"]:
        return topic_round(chance, mention["slots"]["topic"])
    return topic_round(chance)


# Texts


def shape(chance, instructions, sentences, topic=None):
    """Returns the text of the sentences after the effects of all instructions."""
    sentences = list(sentences)
    text = None
    for item in sorted(instructions, key=lambda item: ORDER.index(item["family"])):
        effect = FAMILIES[item["family"]].get("effect")
        if effect is None or ("topic" in item["slots"] and item["slots"]["topic"] != topic):
            continue
        added = fill(chance, effect.get("text", ""), dict(item["slots"]))
        kind = effect["kind"]
        if kind == "sentences":
            sentences = sentences[: effect["count"]]
        elif kind == "insert":
            at = 0 if effect["sentence"] == "first" else -1
            sentences[at] = sentences[at][:-1] + added + sentences[at][-1]
        elif kind == "prefix":
            sentences[0] = added + sentences[0]
        elif kind == "suffix":
            sentences[-1] += added
        elif kind == "list":
            text = "\n".join(effect["bullet"] + sentence for sentence in sentences)
        elif kind == "case":
            change = str.upper if effect["to"] == "upper" else str.lower
            text = change(" ".join(sentences) if text is None else text)
        elif kind == "json":
            text = json.dumps({effect["key"]: " ".join(sentences)}, ensure_ascii=False)
    return " ".join(sentences) if text is None else text


def answer_text(chance, instructions, drawn):
    """Draws the assistant's answer in a round: one or two sentences, shaped by its instructions."""
    told = any("length" in FAMILIES[item["family"]]["groups"] for item in instructions)
    short = not told and chance.happens(CHANCES["oneSentence"])
    return shape(chance, instructions, drawn["sentences"][:1] if short else drawn["sentences"], drawn.get("topic"))


def draw_style(chance, instructions):
    """Draws a user's style: None, or one instruction that shares no value with those of the system prompt."""
    if not chance.happens(CHANCES["style"]):
        return None
    taken = {value for item in instructions for value in item["slots"].values()}
    while True:
        style = draw_instruction(chance, chance.weighted(STYLES, [FAMILIES[name]["style"] for name in STYLES]))
        if not taken & set(style["slots"].values()):
            return style


def user_text(chance, style, text):
    """Returns a user message in the user's style."""
    if style is None:
        return text
    sentences = [match.strip() for match in SENTENCE.findall(text)]
    return shape(chance, [style], sentences)


def draw_dialogue(chance, instructions, rounds):
    """Draws a whole dialogue as chat messages. The assistant follows the system prompt throughout."""
    style = draw_style(chance, instructions)
    messages = [{"role": "system", "content": system_text(chance, instructions)}]
    for _ in range(rounds):
        drawn = any_round(chance, instructions)
        messages.append({"role": "user", "content": user_text(chance, style, drawn["user"])})
        messages.append({"role": "assistant", "content": answer_text(chance, instructions, drawn)})
    return messages


def draw_training_dialogue(chance, lengths):
    """Draws a dialogue whose instructions are not held out. lengths: weights of 1, 2, 3, ... rounds."""
    while True:
        bare = chance.happens(CHANCES["bare"])
        instructions = [] if bare else draw_instructions(chance, chance.weighted([1, 2, 3], CHANCES["instructions"]))
        if bare or not is_held_out(instructions):
            break
    return draw_dialogue(chance, instructions, chance.weighted(list(range(1, len(lengths) + 1)), lengths))


def chatml(messages):
    return "".join(f"<|im_start|>{message['role']}\n{message['content']}<|im_end|>\n" for message in messages)
