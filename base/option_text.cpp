#include "base/option_text.hpp"

#include <algorithm>
#include <cmath>

#include "base/json_text.hpp"
#include "base/option_values.hpp"
#include "base/roff_text.hpp"

namespace sluice::base {
namespace {

constexpr std::size_t help_columns = 100;

std::string joined(const std::vector<std::string>& texts, std::string_view between) {
  std::string all;
  for (const std::string& text : texts) {
    if (&text != &texts.front()) all += between;
    all += text;
  }
  return all;
}

// What stands for the value in help: "N", "SIZE", "close|drop-newest".
std::string placeholder(const Option& option) {
  switch (option.kind) {
    case OptionKind::boolean:
      return "";
    case OptionKind::number:
    case OptionKind::duration:
      return "N";
    case OptionKind::bytes:
      return "SIZE";
    case OptionKind::text:
      return "TEXT";
    case OptionKind::address:
      return "ADDRESS:PORT";
    case OptionKind::choice:
      return joined({option.choices.begin(), option.choices.end()}, "|");
  }
  return "";
}

std::string_view kind_name(OptionKind kind) {
  switch (kind) {
    case OptionKind::boolean:
      return "boolean";
    case OptionKind::number:
      return "number";
    case OptionKind::bytes:
      return "bytes";
    case OptionKind::duration:
      return "duration";
    case OptionKind::text:
      return "text";
    case OptionKind::address:
      return "address";
    case OptionKind::choice:
      return "choice";
  }
  return "";
}

bool is_number(const Option& option) {
  return option.kind == OptionKind::number || option.kind == OptionKind::bytes || option.kind == OptionKind::duration;
}

std::string limit_text(const Option& option, double limit) {
  return option.kind == OptionKind::bytes ? text_of_whole(static_cast<std::uint64_t>(limit), "bytes")
                                          : text_of_decimal(limit);
}

// "1KiB to 1GiB", "at least 1"; empty if the option is no number.
std::string range_text(const Option& option) {
  if (!is_number(option)) return "";
  const std::string min = limit_text(option, option.info.min);
  return std::isinf(option.info.max) ? "at least " + min : min + " to " + limit_text(option, option.info.max);
}

// Appends words in lines that begin with `prefix` and break before `help_columns`.
void append_wrapped(std::string& out, std::string_view text, std::string_view prefix) {
  const std::size_t indent = prefix.size();
  out += prefix;
  std::size_t column = indent;
  while (!text.empty()) {
    const auto space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    if (column > indent && column + 1 + word.size() > help_columns) {
      out.append("\n").append(prefix);
      column = indent;
    }
    if (column > indent) out += ' ';
    column += word.size() + (column > indent ? 1 : 0);
    out += word;
  }
  out += '\n';
}

// "Default 1MiB; bytes, 1KiB to 1GiB; live; SLUICE_OUTBOX_BYTES_MAX"
std::string facts(const Option& option) {
  const std::string defaults = joined(option.defaults, ", ");
  std::string text = "Default " + (defaults.empty() ? "none" : defaults);
  if (is_number(option)) {
    text += "; ";
    if (!option.info.unit.empty()) text.append(option.info.unit).append(", ");
    text += range_text(option);
  }
  if (option.is_list) text += "; may be repeated";
  if (option.info.live) text += "; live";
  return text + "; " + option.environment_variable();
}

void append_row(std::string& out, const Option& option) {
  const std::string defaults = joined(option.defaults, "`, `");
  const std::string range = option.choices.empty() ? range_text(option) : "";
  out += "| `" + option.flag() + "` | " + (defaults.empty() ? "" : "`" + defaults + "`") + " | ";
  out.append(option.info.unit).append(range.empty() || option.info.unit.empty() ? "" : ", ").append(range);
  for (const std::string_view choice : option.choices) {
    out.append(choice == option.choices.front() ? "`" : ", `").append(choice).append("`");
  }
  if (option.kind == OptionKind::boolean) out += "`true`, `false`";
  if (option.is_list) out += "repeatable";
  out.append(option.info.live ? " | live | " : " | restart | ").append(option.info.sentence).append(" |\n");
}

// Appends one value as JSON or TOML has it, which agree on all kinds of options.
void append_literal(std::string& out, const Option& option, const std::string& text) {
  if (option.kind == OptionKind::boolean || option.kind == OptionKind::duration || option.kind == OptionKind::number) {
    out += text;
  } else {
    append_json_string(out, text);
  }
}

void append_literals(std::string& out, const Option& option, const std::vector<std::string>& texts) {
  if (!option.is_list) return append_literal(out, option, texts.front());
  out += '[';
  for (const std::string& text : texts) {
    if (&text != &texts.front()) out += ", ";
    append_literal(out, option, text);
  }
  out += ']';
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  append_json_string(out, name);
  out += ':';
  append_json_string(out, value);
  out += ',';
}

void append_object(std::string& out, const Option& option) {
  out += '{';
  append_member(out, "name", option.name);
  append_member(out, "section", option.section);
  append_member(out, "environment", option.environment_variable());
  append_member(out, "kind", kind_name(option.kind));
  append_member(out, "unit", option.info.unit);
  append_member(out, "sentence", option.info.sentence);
  if (is_number(option)) {
    out += "\"min\":" + text_of_decimal(option.info.min) + ",";
    if (!std::isinf(option.info.max)) out += "\"max\":" + text_of_decimal(option.info.max) + ",";
  }
  if (!option.choices.empty()) {
    out += "\"choices\":[";
    for (const std::string_view choice : option.choices) {
      if (choice != option.choices.front()) out += ',';
      append_json_string(out, choice);
    }
    out += "],";
  }
  out.append("\"repeatable\":").append(option.is_list ? "true" : "false");
  out.append(",\"live\":").append(option.info.live ? "true" : "false");
  out += ",\"default\":";
  append_literals(out, option, option.defaults);
  out += ",\"value\":";
  append_literals(out, option, option.shown_values());
  out += '}';
}

// True for the first option of a section; options of one section stand together.
bool begins_section(const std::vector<Option>& options, const Option& option) {
  return &option == &options.front() || (&option)[-1].section != option.section;
}

}  // namespace

std::string option_help(const std::vector<Option>& options) {
  std::string out;
  for (const Option& option : options) {
    if (begins_section(options, option)) {
      out.append(out.empty() ? "" : "\n").append(option.section).append(":\n");
    }
    append_wrapped(out, option.flag() + " " + placeholder(option), "  ");
    append_wrapped(out, option.info.sentence, "      ");
    append_wrapped(out, facts(option), "      ");
  }
  return out;
}

std::string option_markdown(const std::vector<Option>& options) {
  std::string out =
      "# Options\n\n"
      "Made by `sluice options --markdown`. Every option is a flag, an environment variable (`SLUICE_` and the name "
      "in\n"
      "upper case, dashes as underscores; several values are separated by commas) and a key of the TOML file that\n"
      "`--config` names (the flag without its dashes; several values are a list). Flags win over environment over "
      "file.\n"
      "Sizes may have a suffix (`64KiB`, `1MiB`, `2GiB`), durations too (`500ms`, `1.5s`, `2m`, `1h`). *Live* options\n"
      "change by `SIGHUP`, or when the file does, the others at a restart.\n";
  for (const Option& option : options) {
    if (begins_section(options, option)) {
      out.append("\n## ").append(option.section);
      out += "\n\n| option | default | unit and range | changes | what it does |\n| --- | --- | --- | --- | --- |\n";
    }
    append_row(out, option);
  }
  return out;
}

std::string option_json(const std::vector<Option>& options) {
  std::string out = "[";
  for (const Option& option : options) {
    out += &option == &options.front() ? "\n " : ",\n ";
    append_object(out, option);
  }
  return out + "\n]\n";
}

std::string option_man(const std::vector<Option>& options) {
  std::string out;
  for (const Option& option : options) {
    if (begins_section(options, option)) out.append(".SS ").append(roff_text(option.section)).append("\n");
    const std::string value = placeholder(option);
    out.append(".TP\n\\fB").append(roff_text(option.flag())).append("\\fR");
    if (!value.empty()) out.append(" \\fI").append(roff_text(value)).append("\\fR");
    out.append("\n").append(roff_text(option.info.sentence)).append("\n.br\n");
    out.append(roff_text(facts(option))).append("\n");
  }
  return out;
}

std::string option_sample_file(const std::vector<Option>& options) {
  std::string out = "# Every option with its default; take away a '#' to set one. Read by --config.\n";
  for (const Option& option : options) {
    if (!option.info.in_file) continue;
    if (begins_section(options, option) || !(&option)[-1].info.in_file) {
      out.append("\n# --- ").append(option.section).append(" ---\n");
    }
    out += '\n';
    append_wrapped(out, option.info.sentence, "# ");
    append_wrapped(out, facts(option), "# ");
    if (!option.choices.empty()) out.append("# One of ").append(placeholder(option)).append("\n");
    out.append("# ").append(option.name).append(" = ");
    append_literals(out, option, option.defaults);
    out += '\n';
  }
  return out;
}

}  // namespace sluice::base
