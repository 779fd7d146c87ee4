"""Chat templates: what src/jinja renders beside what jinja2 renders in transformers' environment.

chat_templates/ holds short equivalents of the templates of DeepSeek-V2-Lite-Chat, V2.5, V3, R1, V3.1 and V3.2-Exp: other
words, the same constructs. Each is rendered for sixty conversations; those that it refuses are refused here too.
"""
import json
import pathlib
import random
import subprocess

import pytest
from transformers.utils.chat_template_utils import _compile_jinja_template

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = HERE.parents[1] / "build/release/tests/parity/render_template"
TEMPLATES = sorted((HERE / "chat_templates").glob("*.jinja"))
TEXTS = ["hello", "", " padded \n", "naïve 日本 🙂", "<think>so</think>\n\nyes", "a</think>b</think>c", "it's \"quoted\" \\n {{ x }} {% y %}",
         "tab\tand\nlines\r\n", "<b>&amp;</b>", "x" * 300]
TOOLS = [{"type": "function", "function": {"name": "weather", "description": "Tells the weather <now>",
                                           "parameters": {"type": "object", "properties": {"city": {"type": "string", "enum": ["Köln", "O'Hare"]}},
                                                          "required": ["city"], "limit": 2.5, "strict": True, "default": None}}}]


def conversation(seed):
    """A random conversation: rules, questions, answers, tool calls and their outputs; sometimes a role that no template knows."""
    draw = random.Random(seed)
    messages = [{"role": "system", "content": draw.choice(TEXTS)} for _ in range(draw.choice((0, 1, 1, 2)))]
    for _ in range(draw.randrange(4)):
        messages.append({"role": "user", "content": draw.choice(TEXTS)})
        if draw.random() < 0.5:
            calls = [{"type": "function", "function": {"name": "weather", "arguments": draw.choice(
                ('{"city": "Köln"}', {"city": "Köln", "days": [1, 2.0, None, True]}))}} for _ in range(draw.choice((1, 1, 2, 3)))]
            messages.append({"role": "assistant", "content": draw.choice((None, "", "let me look")), "tool_calls": calls})
            messages += [{"role": "tool", "content": draw.choice(TEXTS)} for _ in calls]
        if draw.random() < 0.8:
            messages.append({"role": "assistant", "content": draw.choice(TEXTS)} | draw.choice(({}, {}, {"prefix": True})))
    if draw.random() < 0.1:
        messages.append({"role": "critic", "content": "well"})
    context = {"messages": messages, "tools": draw.choice((None, TOOLS)), "documents": None, "bos_token": "<｜begin▁of▁sentence｜>",
               "eos_token": "<｜end▁of▁sentence｜>", "add_generation_prompt": draw.random() < 0.7}
    return context | draw.choice(({}, {"thinking": True}, {"thinking": False}))


def ours(template, contexts):
    lines = "".join(json.dumps({"template": template, "context": c}) + "\n" for c in contexts)
    done = subprocess.run([PROGRAM], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def theirs(template, context):
    try:
        return {"text": _compile_jinja_template(template).render(**context)}
    except Exception as error:  # a refusal by the template, or None + a text
        return {"error": str(error)}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.stem)
def test_conversations_are_rendered_as_jinja2_does(path):
    template, contexts = path.read_text(encoding="utf-8"), [conversation(seed) for seed in range(60)]
    texts = 0
    for context, got in zip(contexts, ours(template, contexts), strict=True):
        expected = theirs(template, context)
        assert got.keys() == expected.keys(), (got, expected)
        if "text" in expected:
            assert got == expected
            texts += 1
    print(f"{path.stem}: {texts} of {len(contexts)} rendered alike, the others refused by both")
    assert texts >= 20
