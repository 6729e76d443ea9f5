/* help.c - the rows of settings.c as a page to read. */
#include <inttypes.h>
#include <stdio.h>

#include "conf/conf.h"
#include "conf/settings.h"

enum { NAME_COLUMN = 20, TEXT_MAX = 256 };

static void print_bounds(FILE *out, const struct setting *row)
{
    char least[UNITS_TEXT_MAX], most[UNITS_TEXT_MAX];

    setting_show(row, row->least, least);
    setting_show(row, row->most, most);
    if (row->least > 0 && row->most > 0)
        fprintf(out, ", %s to %s", least, most);
    else if (row->most > 0)
        fprintf(out, ", at most %s", most);
    else if (row->least > 0)
        fprintf(out, ", at least %s", least);
    if (row->zero_word && row->endless_word)
        fprintf(out, ", %s or %s", row->zero_word, row->endless_word);
    else if (row->zero_word)
        fprintf(out, ", or %s", row->zero_word);
}

static void print_kind(FILE *out, const struct setting *row)
{
    char words[TEXT_MAX];

    switch (row->kind) {
    case SETTING_BYTES:
    case SETTING_MS:
        fputs(row->kind == SETTING_MS ? "time" : "size", out);
        print_bounds(out, row);
        break;
    case SETTING_COUNT:
        fputs("number", out);
        print_bounds(out, row);
        break;
    case SETTING_MODE:
        fputs("octal permissions", out);
        break;
    case SETTING_WORD:
        fputs(setting_list_words(row->words, " or ", words, sizeof words), out);
        break;
    case SETTING_TEXT:
        fputs("text", out);
        break;
    case SETTING_TEXTS:
        fputs("text", out);
        if (row->most > 1)
            fprintf(out, ", or a list of at most %" PRIu64, row->most);
        break;
    case SETTING_PAIRS:
        fprintf(out, "texts by name, at most %" PRIu64, row->most);
        break;
    case SETTING_SECTION:
        fputs("section", out);
        break;
    case SETTING_LIST:
        fprintf(out, "list of at most %" PRIu64 " sections", row->most);
        break;
    }
}

static void print_row(FILE *out, const struct setting *row, int indent, const char *mark)
{
    int name_width = NAME_COLUMN - indent;

    fprintf(out, "%*s%s:", indent, mark, row->name);
    fprintf(out, "%*s", name_width - (int)snprintf(NULL, 0, "%s:", row->name), "");
    print_kind(out, row);
    if (row->required)
        fputs("; required", out);
    if (row->standard)
        fprintf(out, "; default %s", row->standard);
    fprintf(out, "\n%*s%s%s\n", NAME_COLUMN, "", row->help,
            row->change == SETTING_NEEDS_A_RESTART ? "; a change needs a restart" : "");
}

/* `mark` begins the first row: "- " in a list, so that the page looks like the file. */
static void print_section(FILE *out, const struct section *section, int indent, const char *mark)
{
    for (unsigned i = 0; i < section->count; i++) {
        const struct setting *row = &section->settings[i];

        print_row(out, row, indent, i == 0 ? mark : "");
        if (row->kind == SETTING_SECTION)
            print_section(out, row->section, indent + 2, "");
        if (row->kind == SETTING_LIST)
            print_section(out, row->section, indent + 4, "- ");
    }
}

void conf_print_help(FILE *out)
{
    fputs("# Sizes are written with B, KiB, MiB, GiB, KB, MB or GB, times with ms, s, m, h or d.\n",
          out);
    print_section(out, &settings_root, 0, "");
}
