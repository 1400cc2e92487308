using System.CommandLine;

namespace PtaKernels.Cli;

/// <summary><c>pta explain-mode</c>: the switch table of SPEC A2, and what a command line makes of it.</summary>
internal static class ExplainModeCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var name = new Argument<string?>("switch") { Description = "show only this switch", Arity = ArgumentArity.ZeroOrOne };
        var verb = new Verb(
            "explain-mode", "Every switch with its value in each preset, what it takes and where the specification defines it.",
            "pta explain-mode",
            "pta explain-mode transport",
            "pta explain-mode --preset fusion --mass renormalised") { name, common.Json };
        common.AddSwitches(verb);
        verb.SetAction(parse => Run(Terminal.Of(parse), parse, common, parse.GetValue(name)));
        return verb;
    }

    private static int Run(Terminal terminal, ParseResult parse, CommonOptions common, string? name)
    {
        AlignmentOptions yours = common.OptionsOf(parse);
        IReadOnlySet<string> given = common.GivenIn(parse);
        bool showsYours = given.Count > 0 || common.NamesPreset(parse);
        string preset = parse.GetValue(common.Preset)!;
        IEnumerable<AlignmentSwitch> shown = name is null ? AlignmentSwitches.All : [AlignmentSwitches.Named(name.TrimStart('-'))];
        Row[] rows = [.. shown.Select(s => new Row(s, [.. AlignmentPreset.Names.Select(p => s.Get(AlignmentPreset.Named(p)))], s.Get(yours), given.Contains(s.Name)))];
        if (parse.GetValue(common.Json))
            WriteJson(terminal, rows, preset);
        else
            WriteText(terminal, rows, preset, showsYours);
        return 0;
    }

    private static void WriteText(Terminal terminal, Row[] rows, string preset, bool showsYours)
    {
        string[] header = ["switch", .. AlignmentPreset.Names, .. showsYours ? [$"yours ({preset})"] : Array.Empty<string>(), "section"];
        string[][] cells = [.. rows.Select(r => (string[])[
            r.Switch.Name, .. r.Presets, .. showsYours ? [r.Yours + (r.Given ? " *" : "")] : Array.Empty<string>(), r.Switch.Section])];
        int[] widths = [.. header.Select((h, c) => cells.Select(r => r[c].Length).Append(h.Length).Max())];
        terminal.Line($"[bold]{Join(header, widths)}[/]");
        foreach ((int i, string[] row) in cells.Index())
        {
            string line = Join(row, widths);
            terminal.Line(rows[i].Given ? $"[yellow]{line}[/]" : line);
            terminal.Line($"[grey]    {Terminal.Escape($"{rows[i].Switch.Help}: {rows[i].Switch.Takes}")}[/]");
        }

        if (rows.Any(static r => r.Given))
            terminal.Line("[yellow]*[/] given on this command line");
        terminal.Line();
        terminal.Line($"The default preset is [bold]{AlignmentPreset.Default}[/]. Set a switch with --NAME VALUE on top of any preset.");
    }

    private static string Join(string[] cells, int[] widths) =>
        Terminal.Escape(string.Join("  ", cells.Select((c, i) => i == cells.Length - 1 ? c : c.PadRight(widths[i]))));

    private static void WriteJson(Terminal terminal, Row[] rows, string preset) => terminal.WriteJson(new
    {
        DefaultPreset = AlignmentPreset.Default,
        Preset = preset,
        Switches = rows.Select(static r => new
        {
            r.Switch.Name,
            r.Switch.Help,
            r.Switch.Takes,
            r.Switch.Section,
            Presets = AlignmentPreset.Names.Zip(r.Presets).ToDictionary(static p => p.First, static p => p.Second, StringComparer.Ordinal),
            r.Yours,
            r.Given,
        }),
    });

    private sealed record Row(AlignmentSwitch Switch, string[] Presets, string Yours, bool Given);
}
