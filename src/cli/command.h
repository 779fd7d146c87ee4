// The subcommands of the program.
#pragma once

namespace seekling {

int train_command(int argc, char** argv);
int generate_command(int argc, char** argv);
int chat_command(int argc, char** argv);
int eval_command(int argc, char** argv);
int score_command(int argc, char** argv);
int export_command(int argc, char** argv);
int import_command(int argc, char** argv);
int params_command(int argc, char** argv);
int tokenizer_command(int argc, char** argv);
int data_command(int argc, char** argv);
int data_clean_command(int argc, char** argv);
int data_quality_command(int argc, char** argv);
int data_dedup_command(int argc, char** argv);
int data_mix_command(int argc, char** argv);
int data_pack_command(int argc, char** argv);
int data_stats_command(int argc, char** argv);
int bench_command(int argc, char** argv);
int doctor_command(int argc, char** argv);
int list_command(int argc, char** argv);
int start_command(int argc, char** argv);
int demo_command(int argc, char** argv);
int check_command(int argc, char** argv);
int hint_command(int argc, char** argv);
int solution_command(int argc, char** argv);
int grade_command(int argc, char** argv);

// seekling COMMAND --mine: the same command in a program in which the files of my/ replace the
// library's.
bool wants_mine(int argc, char** argv);
int mine_command(int argc, char** argv);

}  // namespace seekling
