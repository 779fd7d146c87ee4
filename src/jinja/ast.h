// The tree of a template. One kind of node for all expressions and one for all statements.
#pragma once

#include <string>
#include <vector>

#include "jinja/value.h"

namespace seekling::jinja {

struct Expression {
  enum Kind {
    kConstant,   // value
    kName,       // name
    kTuple,      // parts
    kList,       // parts
    kDict,       // key, value, key, value, ...
    kAttribute,  // parts[0].name
    kItem,       // parts[0][parts[1]]
    kSlice,      // parts[0][parts[1]:parts[2]:parts[3]]
    kCall,       // parts[0](parts[1], ...); the last of them belong to the keywords
    kFilter,     // parts[0] | name(parts[1], ...)
    kTest,       // parts[0] is name(parts[1], ...)
    kNot,
    kSign,     // - or +
    kBinary,   // + - * / // %
    kConcat,   // parts[0] ~ parts[1] ~ ...
    kCompare,  // parts[0] keywords[0] parts[1] keywords[1] parts[2] ...
    kAnd,
    kOr,
    kCondition,  // parts[1] if parts[0] else parts[2]
  };
  Kind kind;
  int line;
  std::string name = {};
  Value value = None{};
  std::vector<Expression> parts = {};
  std::vector<std::string> keywords = {};
  int depth = 1;
};

struct Statement {
  using Block = std::vector<Statement>;
  enum Kind {
    kText,      // text
    kOutput,    // {{ expressions[0] }}
    kIf,        // expressions[i]: blocks[i]; the block of else has no expression
    kFor,       // for targets in expressions[0] if expressions[1]: blocks[0], else blocks[1]
    kSet,       // targets = expressions[0]
    kSetBlock,  // targets = the text of blocks[0]
    kMacro,     // text(targets): blocks[0]; the last targets have expressions as defaults
    kScope,     // {% generation %}: blocks[0]
    kBreak,
    kContinue,
  };
  Kind kind;
  int line;
  std::string text = {};
  std::vector<std::string> targets = {};  // a name, or namespace.attribute
  bool unpacks = false;                   // the targets are a tuple
  std::vector<Expression> expressions = {};
  std::vector<Block> blocks = {};
};

}  // namespace seekling::jinja
