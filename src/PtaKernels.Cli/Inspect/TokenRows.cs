using System.Globalization;
using System.Text;
using PtaKernels.Pipeline;

namespace PtaKernels.Cli.Inspect;

/// <summary>Both token rows of a document, one under the other: each target token over the source tokens up to the row it received.</summary>
internal sealed class TokenRows(Terminal terminal, DocumentPair pair, VocabularyPair vocabularies, AlignedDocument aligned)
{
    private const int LongestCell = 24;

    /// <summary>Writes the target positions from..to, wrapped at the terminal's width.</summary>
    public void Write(int from, int to, int shownRow)
    {
        Cell[] cells = [.. Cells().Skip(from).Take(to - from)];
        int label = Math.Max(CellText.Width(vocabularies.Source.Name), CellText.Width(vocabularies.Target.Name)) + 3;
        for (int start = 0; start < cells.Length;)
        {
            int end = start, width = label;
            while (end < cells.Length && (end == start || width + cells[end].Width + 1 <= terminal.Width))
                width += cells[end++].Width + 1;
            Cell[] line = cells[start..end];
            WriteLine("", label, line, static c => c.Position.ToString(CultureInfo.InvariantCulture), static _ => "grey");
            WriteLine(vocabularies.Target.Name, label, line, static c => c.Target, c => c.Position == shownRow ? "bold invert" : RuleLegend.ColourOf(c.Rule));
            WriteLine("", label, line, static c => RowProvenance.LetterOf(c.Rule).ToString(), static c => RuleLegend.ColourOf(c.Rule) + " bold");
            WriteLine(vocabularies.Source.Name, label, line, static c => c.Source, static c => c.Transferred ? RuleLegend.ColourOf(c.Rule) : "grey");
            WriteLine("", label, line, static c => c.SourcePositions, static _ => "grey");
            if (end < cells.Length)
                terminal.Line();
            start = end;
        }
    }

    /// <summary>Source tokens follow the rows that were transferred; those in between go to the target tokens in between.</summary>
    private Cell[] Cells()
    {
        int length = pair.Target.Length, next = 0, waiting = 0;
        int[] starts = new int[length], ends = new int[length];
        for (int i = 0; i < length; i++)
        {
            bool last = i == length - 1;
            if (!last && !aligned[i].Transferred)
                continue;
            int until = last && !aligned[i].Transferred ? pair.Source.Length : Math.Clamp(aligned[i].SourceRow + 1, next, pair.Source.Length);
            if (last)
                until = Math.Max(until, pair.Source.Length);
            // One source token per waiting column, the surplus in the last one.
            for (int t = waiting; t <= i; t++)
            {
                starts[t] = next;
                ends[t] = next = t == i ? until : Math.Min(next + 1, Math.Max(next, until - (aligned[i].Transferred ? 1 : 0)));
            }

            waiting = i + 1;
        }

        return [.. Enumerable.Range(0, length).Select(i => MakeCell(i, starts[i], ends[i]))];
    }

    private Cell MakeCell(int i, int start, int end)
    {
        RowProvenance row = aligned[i];
        string source = string.Join('|', Enumerable.Range(start, end - start).Select(j => VisibleText.Of(vocabularies.Source, pair.Source.Ids[j])));
        string positions = (end - start) switch
        {
            0 => row.Transferred ? $"({row.SourceRow})" : "",
            1 => $"{start}",
            _ => $"{start}-{end - 1}",
        };
        string target = CellText.Cut(VisibleText.Of(vocabularies.Target, pair.Target.Ids[i]), LongestCell);
        source = CellText.Cut(source, LongestCell);
        int width = new[] { CellText.Width(target), CellText.Width(source), positions.Length, i.ToString(CultureInfo.InvariantCulture).Length }.Max();
        return new Cell(i, target, row.Rule, row.Transferred, source, positions, width);
    }

    private void WriteLine(string name, int label, Cell[] cells, Func<Cell, string> text, Func<Cell, string> style)
    {
        var line = new StringBuilder($"[bold]{Terminal.Escape(CellText.Pad(name, label))}[/]");
        foreach (Cell cell in cells)
            line.Append(CultureInfo.InvariantCulture, $"[{style(cell)}]{Terminal.Escape(text(cell))}[/]{new string(' ', cell.Width + 1 - CellText.Width(text(cell)))}");
        terminal.Line(line.ToString().TrimEnd());
    }

    private sealed record Cell(int Position, string Target, RowRule Rule, bool Transferred, string Source, string SourcePositions, int Width);
}
