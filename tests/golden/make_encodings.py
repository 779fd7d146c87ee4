#!/usr/bin/env python3
"""The texts of conversations by the programs that DeepSeek-V3.2 and V4 come with.

  make_encodings.py --v32 encoding_dsv32.py --v4 encoding_dsv4.py --out encodings.json

The programs are in the folder encoding/ of the released checkpoints.
"""
import argparse
import importlib.util
import json


def call(name, arguments, number=None):
    made = {"type": "function", "function": {"name": name, "arguments": arguments}}
    return made | ({"id": number} if number else {})


def said(role, content, **more):
    return {"role": role, "content": content, **more}


ONE = [said("user", "How deep is the mill pond?")]
SYSTEM = [said("system", "You are the miller."), *ONE]
TWO = [*SYSTEM, said("assistant", "Two metres.", reasoning_content="It was measured in May.\n"),
       said("user", "And the well?")]
ANSWERED = [*TWO, said("assistant", "Nine.", reasoning_content="Nobody knows exactly.")]
CALLS = [said("system", ""), said("user", "Wetter in Köln und 東京?"),
         said("assistant", "", reasoning_content="Two calls.", tool_calls=[
             call("weather", '{"city": "Köln", "days": 3, "exact": true}', "a"),
             call("weather", '{"city": "東京", "hours": [6, 12.5, null], "o": {"k": "v \\"q\\""}}', "b")])]
RESULTS = [*CALLS, said("tool", "rain", tool_call_id="a"), said("tool", "sun", tool_call_id="b")]
ORDER = [*CALLS, said("tool", "sun", tool_call_id="b"), said("tool", "rain", tool_call_id="a")]
AFTER = [*RESULTS, said("assistant", "Rain and sun.", reasoning_content="Both came.")]
AGAIN = [*AFTER, said("user", "Thanks."), said("assistant", "At your service.", reasoning_content="Polite."),
         said("user", "Bye.")]
NONE = [said("user", "Time?"), said("assistant", None, reasoning_content="A call.", tool_calls=[call("now", "{}")]),
        said("tool", "noon")]
DICT = [said("user", "Time?"), said("assistant", "One moment.", reasoning_content="Hm.",
                                    tool_calls=[call("now", {"zone": "UTC"}, "x")]),
        said("tool", "noon", tool_call_id="x")]
BOTH = [ONE, SYSTEM, TWO, ANSWERED, CALLS, RESULTS, AFTER, AGAIN, NONE, [said("system", "Alone.")]]
V4 = [ORDER, [*ONE, said("user", "And who asks?")], [*RESULTS, said("user", "In short?")],
      [said("latest_reminder", "It is noon."), *ONE], [*ONE, said("latest_reminder", "Be brief.")],
      [*TWO[:3], said("system", "Be brief."), said("user", "And the well?")], [*ONE, said("system", "Be brief.")],
      [said("user", "Time?"), said("assistant", "", reasoning_content="Hm.", tool_calls=[call("now", "noon?")])]]

TOOLS = [{"type": "function", "function": {
    "name": "weather", "description": "Tells the weather \"<now>\" in a city, naïvely.", "strict": False,
    "parameters": {"type": "object", "properties": {"city": {"type": "string", "enum": ["Köln", "O'Hare"]},
                                                    "days": {"type": "integer", "minimum": 1, "default": None}},
                   "required": ["city"], "additionalProperties": False}}},
    {"type": "function", "function": {"name": "now", "parameters": {}}}]
FORMAT = {"type": "json_schema", "json_schema": {"name": "depth", "schema": {"type": "number", "maximum": 1e3, "step": 1e-05}}}
RULES = said("system", "You are the miller.")
DESCRIBED = [[RULES | given, *AGAIN[1:]] for given in (
    {"tools": TOOLS}, {"response_format": FORMAT}, {"tools": TOOLS, "response_format": FORMAT}, {"tools": [], "response_format": {}})]
LATER = [[*TWO[:3], {**said("system", None), "tools": TOOLS[1:]}, *TWO[3:]]]


def program(path):
    spec = importlib.util.spec_from_file_location("encoder", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cases(name, encoder, conversations):
    for messages in conversations:
        for mode in ("chat", "thinking"):
            for keep in (False, True) if name == "v4" else (False,):
                text = encoder.encode_messages([dict(m) for m in messages], thinking_mode=mode, drop_thinking=not keep)
                yield {"encoder": name, "thinking": mode == "thinking", "keep_thinking": keep, "messages": messages,
                       "text": text}


def answers(name, encoder):
    block = "function_calls" if name == "v32" else "tool_calls"
    end = encoder.eos_token
    tag = encoder.dsml_token
    calls = (f'\n\n<{tag}{block}>\n<{tag}invoke name="weather">\n<{tag}parameter name="city" string="true">Kö"ln</{tag}parameter>\n'
             f'<{tag}parameter name="days" string="false">3</{tag}parameter>\n</{tag}invoke>\n</{tag}{block}>')
    for text, mode in (("Two metres.", "chat"), ("Measured.</think>Two.", "thinking"), ("" + calls, "chat"),
                       ("Hm.</think>One moment." + calls, "thinking"), ("", "chat")):
        message = encoder.parse_message_from_completion_text(text + end, mode)
        yield {"encoder": name, "thinking": mode == "thinking", "answer": text, "message": message}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag in ("--v32", "--v4", "--out"):
        parser.add_argument(flag, required=True)
    flags = parser.parse_args()
    v32, v4 = program(flags.v32), program(flags.v4)
    made = {"conversations": [*cases("v32", v32, [*BOTH, DICT, *DESCRIBED, *LATER]), *cases("v4", v4, BOTH + V4 + DESCRIBED + LATER)],
            "answers": [*answers("v32", v32), *answers("v4", v4)]}
    with open(flags.out, "w", encoding="utf-8") as file:
        lines = {key: ",\n".join(json.dumps(case, ensure_ascii=False) for case in list_) for key, list_ in made.items()}
        file.write("{\n" + ",\n".join(f'"{key}": [\n{text}\n]' for key, text in lines.items()) + "\n}\n")


if __name__ == "__main__":
    main()
