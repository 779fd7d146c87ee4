// Six plots. A is the hero; p lies under the open sky, q has a roof.
#include "toy/plots.h"

namespace seekling {

static Plot lost() {
  return {"lost",
          {{{{Act::go, 'B', 'q'}, {Act::lie, 'x', 'q'}},
            {{"One morning {A} could not find {her} {x}.", "One day {A} lost {her} {x}."},
             {"ある朝、{A}の{x}が見つかりませんでした。",
              "ある日、{A}は大切な{x}をなくしてしまいました。"}}},
           {{{Act::go, 'A', 'p'}},
            {{"First {she} went to the {p}, but the {x} was not there.",
              "{She} looked for it {in p}, but there was no {x}."},
             {"まず{p}へ行きましたが、{x}はありませんでした。",
              "{p}で探しましたが、{x}はありませんでした。"}}},
           {{{Act::go, 'B', 'p'}},
            {{"Then {B} came along and wanted to help.", "There {she} met {B}."},
             {"そこへ{B}が来て、手伝うと言いました。", "そこで{A}は{B}に会いました。"}}},
           {{},
            {{"\"I saw {a x} {in q},\" said {B}.", "{B} said, \"There is {a x} {in q}.\""},
             {"「{q}で{x}を見たよ」と{B}は言いました。",
              "{B}は「{q}に{x}があったよ」と教えてくれました。"}}},
           {{{Act::go, 'A', 'q'}, {Act::go, 'B', 'q'}, {Act::take, 'A', 'x'}},
            {{"They ran to the {q} together, and there {A} found the {x}.",
              "So they went to the {q}, and {A} found the {x} under a table."},
             {"二人で{q}へ走っていくと、{x}がありました。",
              "二人は{q}へ行き、机の下で{x}を見つけました。"}}},
           {{},
            {{"{A} was so happy that {she} sang all the way home.",
              "{A} thanked {B}, and they laughed."},
             {"{A}はうれしくて、歌いながら帰りました。",
              "{A}は{B}にお礼を言って、二人で笑いました。"}}}}};
}

static Plot present() {
  return {"present",
          {{{},
            {{"It was {B}'s birthday, and {A} wanted to bring a present.",
              "{B} had been sad for days, and {A} wanted to help."},
             {"{B}の誕生日が来ました。{A}は贈り物をあげたいと思いました。",
              "{A}は、元気のない{B}を喜ばせたいと思いました。"}}},
           {{{Act::go, 'A', 'p'}, {Act::take, 'A', 'x'}},
            {{"{A} went to the {p} and found {a x} there.",
              "{A} looked around {in p} and found a present: {a x}."},
             {"{A}は{p}へ行って、{x}を見つけました。",
              "{A}は{p}で贈り物を探して、{x}を見つけました。"}}},
           {{},
            {{"On the way it began to rain, but {A} kept the {x} dry under {her} coat.",
              "The wind was strong, so {A} held the {x} tight."},
             {"途中で雨が降ってきましたが、{A}は{x}を上着の下に入れて守りました。",
              "風が強かったので、{A}は{x}をしっかり持って歩きました。"}}},
           {{{Act::go, 'B', 'q'}, {Act::go, 'A', 'q'}, {Act::give, 'A', 'x', 'B'}},
            {{"{B} was {in q}, and {A} gave {B} the {x}.",
              "{A} met {B} {in q} and gave the {x} to {B}."},
             {"{B}は{q}にいました。{A}は{B}に{x}をあげました。",
              "{q}で{B}に会うと、{A}は{x}を渡しました。"}}},
           {{},
            {{"\"Thank you! How nice of you,\" said {B}.", "{B} smiled and said thank you."},
             {"「ありがとう。とてもうれしいよ」と{B}は言いました。",
              "{B}はにっこりして、お礼を言いました。"}}},
           {{},
            {{"The two friends stayed there until the evening.",
              "After that day they were the best of friends."},
             {"二人は夕方までそこで一緒に過ごしました。",
              "それから二人は一番の友だちになりました。"}}}}};
}

static Plot loan() {
  return {"loan",
          {{{{Act::go, 'A', 'p'}},
            {{"{A} had a lot of work {in p} and needed {a x}.",
              "{A} needed {a x} for {her} work {in p}."},
             {"{A}は{p}の仕事に{x}が必要でした。",
              "{A}は{p}で仕事をしていましたが、{x}が足りませんでした。"}}},
           {{{Act::go, 'B', 'q'}, {Act::take, 'B', 'x'}, {Act::go, 'A', 'q'}},
            {{"{She} went to the {q}, because {B} was there and had {a x}.",
              "{B} had {a x}, so {she} went to see {B} {in q}."},
             {"{B}が{x}を持っているので、{A}は{q}へ会いに行きました。",
              "そこで、{x}を持っている{B}に会いに{q}へ行きました。"}}},
           {{{Act::give, 'B', 'x', 'A'}},
            {{"\"You may borrow my {x},\" said {B} and gave it to {A}.",
              "{B} was kind and lent {A} the {x}."},
             {"「どうぞ使って」と言って、{B}は{A}に{x}を渡しました。",
              "{B}は親切に{x}を貸してくれました。"}}},
           {{{Act::go, 'A', 'p'}},
            {{"{A} took the {x} back to the {p} and worked until noon.",
              "With the {x} the work {in p} was soon done."},
             {"{A}は{x}を持って{p}へ戻り、昼まで働きました。",
              "{x}のおかげで、{p}の仕事はすぐに終わりました。"}}},
           {{{Act::go, 'A', 'q'}, {Act::give, 'A', 'x', 'B'}},
            {{"Then {she} went to the {q} again and gave the {x} back to {B}.",
              "In the evening {she} brought the {x} back to {B} {in q}."},
             {"それから{q}へ行って、{B}に{x}を返しました。",
              "夕方、{A}は{q}にいる{B}に{x}を返しました。"}}},
           {{},
            {{"\"Good friends help each other,\" said {B}.", "{A} said thank you, and {B} smiled."},
             {"「友だちは助け合うものだよ」と{B}は言いました。",
              "{A}がお礼を言うと、{B}はにっこりしました。"}}}},
          /*tool=*/true};
}

static Plot rain() {
  return {
      "rain",
      {{{{Act::go, 'A', 'p'}, {Act::go, 'B', 'p'}},
        {{"{A} and {B} were playing {in p}.", "One day {A} and {B} went to the {p} together."},
         {"{A}と{B}は{p}で遊んでいました。", "ある日、{A}と{B}は一緒に{p}へ行きました。"}}},
       {{},
        {{"Suddenly dark clouds came, and it began to rain.",
          "Then the sky turned gray, and rain fell."},
         {"急に黒い雲が出て、雨が降りはじめました。", "すると空が暗くなり、雨が降ってきました。"}}},
       {{{Act::go, 'A', 'q'}, {Act::go, 'B', 'q'}},
        {{"They ran to the {q}, because it was dry there.",
          "\"Quick, to the {q}!\" said {B}, and they ran."},
         {"二人はぬれないように、{q}へ走りました。",
          "「早く{q}へ行こう」と{B}が言い、二人は走りました。"}}},
       {{{Act::take, 'A', 'x'}},
        {{"{A} found {a x} there and showed it to {B}.", "In a corner {A} found {a x}."},
         {"{A}はそこで{x}を見つけて、{B}に見せました。", "すみの方で、{A}は{x}を見つけました。"}}},
       {{{Act::leave, 'A', 'x'}},
        {{"When the sun came out again, {A} put the {x} back.",
          "When the rain stopped, {A} left the {x} {in q}."},
         {"日が出てくると、{A}は{x}を元の場所に戻しました。",
          "雨がやむと、{A}は{x}を{q}に置いていきました。"}}},
       {{},
        {{"A rainbow stood in the sky, and they went home.",
          "They went home and told everybody about it."},
         {"空に虹が出て、二人は家に帰りました。",
          "二人は家に帰って、みんなにその話をしました。"}}}}};
}

static Plot swap() {
  return {
      "swap",
      {{{{Act::go, 'A', 'q'}, {Act::take, 'A', 'x'}},
        {{"{A} had {a x}, but {she} wanted {a y}.", "{A} was tired of {her} {x} and wanted {a y}."},
         {"{A}は{x}を持っていましたが、{y}がほしいと思っていました。",
          "{A}は{x}よりも{y}がほしいと思っていました。"}}},
       {{{Act::go, 'A', 'p'}},
        {{"So {she} took the {x} to the {p}.", "One morning {she} went to the {p} with the {x}."},
         {"そこで、{x}を持って{p}へ行きました。", "ある朝、{A}は{x}を持って{p}へ行きました。"}}},
       {{{Act::go, 'B', 'p'}, {Act::take, 'B', 'y'}},
        {{"There {she} met {B}, who had {a y}.", "{B} was there too and carried {a y}."},
         {"そこには、{y}を持った{B}がいました。", "{B}も{y}を持ってそこに来ていました。"}}},
       {{},
        {{"\"Will you give me the {y} for my {x}?\" asked {A}.", "\"Shall we swap?\" asked {A}."},
         {"「この{x}とその{y}を取りかえませんか」と{A}は聞きました。",
          "「取りかえませんか」と{A}は聞きました。"}}},
       {{{Act::give, 'A', 'x', 'B'}, {Act::give, 'B', 'y', 'A'}},
        {{"{B} liked the idea. {A} gave {B} the {x} and got the {y}.",
          "{B} said yes and gave {A} the {y} for the {x}."},
         {"{B}は喜んで、{y}を{A}の{x}と取りかえました。",
          "{B}はうなずいて{y}を渡し、{x}を受け取りました。"}}},
       {{},
        {{"Both went home happy.", "So both had what they wanted."},
         {"二人とも満足して帰りました。", "こうして、二人ともほしい物を手に入れました。"}}}}};
}

static Plot owner() {
  return {
      "owner",
      {{{{Act::go, 'A', 'p'}, {Act::take, 'A', 'x'}},
        {{"One day {A} found {a x} {in p}.", "{A} was walking {in p} and saw {a x} on the ground."},
         {"ある日、{A}は{p}で{x}を拾いました。", "{A}が{p}を歩いていると、{x}が落ちていました。"}}},
       {{},
        {{"\"Whose {x} is this?\" {she} asked.", "{She} wanted to find out whose {x} it was."},
         {"「これは誰の{x}だろう」と{A}は思いました。", "{A}は{x}の持ち主を探すことにしました。"}}},
       {{{Act::go, 'B', 'q'}, {Act::go, 'A', 'q'}},
        {{"{She} took it to {B} {in q}, but {B} had never seen it.",
          "{B} was {in q}, but it was not {B}'s {x}."},
         {"{q}へ行って{B}に聞きましたが、{B}の物ではありませんでした。",
          "{q}にいた{B}に見せましたが、{B}は知りませんでした。"}}},
       {{},
        {{"\"Ask {C},\" said {B}.", "\"Maybe it is {C}'s,\" said {B}."},
         {"「{C}に聞いてごらん」と{B}は言いました。",
          "「{C}の物かもしれないよ」と{B}は言いました。"}}},
       {{{Act::go, 'C', 'r'}, {Act::go, 'A', 'r'}, {Act::give, 'A', 'x', 'C'}},
        {{"{C} was {in r}. \"That is mine!\" said {C}, and {A} gave the {x} back.",
          "So {A} went to {C} {in r} and gave the {x} back to {C}."},
         {"{C}は{r}にいました。{C}の物だとわかったので、{A}は{x}を返しました。",
          "{r}へ行くと、やはり{C}の物でした。{A}は{C}に{x}を返しました。"}}},
       {{},
        {{"{C} was very glad and thanked {A}.", "\"You are a good friend,\" said {C}."},
         {"{C}はとても喜んで、{A}にお礼を言いました。",
          "「本当にありがとう」と{C}は言いました。"}}}}};
}

const std::vector<Plot>& plots() {
  static const std::vector<Plot> all{lost(), present(), loan(), rain(), swap(), owner()};
  return all;
}

}  // namespace seekling
