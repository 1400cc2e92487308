using System.Globalization;
using System.Text;
using PtaKernels.Pipeline;
using PtaKernels.Rules;

namespace PtaKernels.Cli.Inspect;

/// <summary>
/// One step on screen, then its certificate and what it kept. Side by side stand source candidates, cost matrix, plan and fused distribution;
/// under projection byte, which has no plan, source candidates, what each gives to each token of the fused row, and that row.
/// </summary>
internal sealed class StepTable(Terminal terminal, DocumentPair pair, VocabularyPair vocabularies, StepView step, in AlignmentOptions options)
{
    /// <summary>Candidates shown per side; more do not fit beside each other.</summary>
    private const int Shown = 10;

    private const int LongestText = 18;

    private readonly AlignmentOptions _options = options;

    public void Write()
    {
        RowProvenance row = step.Provenance;
        int position = step.Row;
        string after = CellText.Cut(VisibleText.Of(vocabularies.Target, pair.Target.Ids[position]), LongestText);
        terminal.Line($"[bold]Step {position}[/]: what follows [bold]{Terminal.Escape(after)}[/]. Target row {position} receives {Terminal.Escape(vocabularies.Source.Name)} row {row.SourceRow} "
            + $"by rule [{RuleLegend.ColourOf(row.Rule)}]{Terminal.Escape(row.Letter.ToString())}[/] ({Terminal.Escape(RuleNames.Of(row.Rule))}).");
        if (step.Shares is not null)
            WriteShares(step.Shares);
        else if (step.Columns.Length > 0)
            WriteTransport();
        else
            WriteMoved();
        WriteFooter();
    }

    private void WriteTransport()
    {
        int[] rows = ShownRows(), columns = ShownColumns();
        var cost = Block.Of("cost in edits", rows, columns, 2, (i, j) => $"{step.Cost[i, j]}", (i, j) => step.Cost[i, j] == 0 ? "green" : null);
        int[] heaviest = [.. rows.Select(i => columns.MaxBy(j => step.Plan[i, j]))];
        var plan = Block.Of("plan, % of all mass", rows, columns, 3, (i, j) => Percent(step.Plan[i, j]), (i, j) => MassStyle(step.Plan[i, j], heaviest[i] == j));
        WriteTable(rows, columns, [cost, plan], "target candidate", "b %");
        if (step.Columns.Length > columns.Length || step.Rows.Length > rows.Length)
            terminal.Line($"[grey]{rows.Length} of {step.Rows.Length} source and {columns.Length} of {step.Columns.Length} target candidates shown, those with the most mass[/]");
    }

    private void WriteShares(double?[,] shares)
    {
        int[] rows = ShownRows(), columns = [.. Enumerable.Range(0, Math.Min(Shown, step.Columns.Length))];
        int[] heaviest = [.. rows.Select(i => columns.MaxBy(j => shares[i, j] ?? -1))];
        double?[] others = [.. rows.Select(i => step.Gives[i] ? step.Rows[i].Mass - columns.Sum(j => shares[i, j] ?? 0) : null)];
        string text(double? mass) => mass is { } value ? Percent(value) : "";
        string? style(double? mass, bool most) => mass is { } value ? MassStyle(value, most) : null;
        var given = Block.Of("gives %", rows, columns, Math.Max(3, (7 + columns.Length - 1) / columns.Length), (i, j) => text(shares[i, j]), (i, j) => style(shares[i, j], heaviest[i] == j));
        var other = Block.Of("other", rows, [0], 5, (i, _) => text(others[i]), (i, _) => style(others[i], false)) with { Letters = false };
        WriteTable(rows, columns, [given, other], "fused token", "own %");
        if (step.Columns.Length > columns.Length || step.Rows.Length > rows.Length)
            terminal.Line($"[grey]{rows.Length} of {step.Rows.Length} source candidates and {columns.Length} of {step.Columns.Length} fused tokens shown, those with the most mass[/]");
    }

    /// <summary>Source candidates, blocks of numbers between these and the columns, and the columns themselves.</summary>
    private void WriteTable(int[] rows, int[] columns, Block[] blocks, string columnTitle, string massTitle)
    {
        int numbers = 2 + 7 + blocks.Sum(static b => b.Width) + 2 + 7 + 9 + (3 * (blocks.Length + 1)) + 2;
        int text = Math.Clamp((terminal.Width - numbers) / 2, 6, LongestText);
        string titles = string.Concat(blocks.Select(static b => CellText.Fit(b.Title, b.Width) + " │ "));
        string header = CellText.Fit("source candidate", text + 2) + $"{"a %",7} │ {titles}" + CellText.Fit(columnTitle, text + 2) + $"{massTitle,7}{"fused %",9}";
        terminal.Line($"[bold]{Terminal.Escape(header)}[/]");
        string letters = string.Concat(blocks.Select(b => " │ " + (b.Letters ? string.Concat(columns.Select((_, c) => ColumnName(c).PadLeft(b.Cell))) : new string(' ', b.Width))));
        terminal.Line($"[grey]{new string(' ', text + 9)}{letters} │[/]");
        for (int line = 0; line < Math.Max(rows.Length, columns.Length); line++)
        {
            var markup = new StringBuilder();
            if (line < rows.Length)
                markup.Append(CultureInfo.InvariantCulture, $"{line,1} {Terminal.Escape(CellText.Fit(step.Rows[rows[line]].Text, text))}{Percent1(step.Rows[rows[line]].Mass),7}");
            else
                markup.Append(new string(' ', text + 9));
            foreach (Block block in blocks)
                markup.Append(" [grey]│[/] ").Append(line < rows.Length ? block.Lines[line] : new string(' ', block.Width));
            markup.Append(" [grey]│[/] ");
            if (line < columns.Length)
            {
                StepCandidate column = step.Columns[columns[line]];
                double fused = FusedProbability(column.Token);
                string cells = $"{ColumnName(line)} {CellText.Fit(column.Text, text)}{Percent1(column.Mass),7}{(fused == 0 ? "." : Percent1(fused)),9}";
                markup.Append(column.Token == Gold ? $"[green]{Terminal.Escape(cells)}[/] [green]◄[/]" : Terminal.Escape(cells));
            }

            terminal.Line(markup.ToString().TrimEnd());
        }
    }

    /// <summary>A row whose candidates moved to mapped or nearest tokens without a transport.</summary>
    private void WriteMoved()
    {
        const int Text = 2 * LongestText;
        terminal.Line($"[bold]{CellText.Fit("source candidate", Text)}{"a %",7} │ {CellText.Fit("fused token", LongestText)}{"fused %",9}[/]");
        for (int line = 0; line < Math.Min(Shown, Math.Max(step.Rows.Length, step.Fused.Length)); line++)
        {
            string left = line < step.Rows.Length ? CellText.Fit(step.Rows[line].Text, Text) + $"{Percent1(step.Rows[line].Mass),7}" : new string(' ', Text + 7);
            string right = "";
            if (line < step.Fused.Length)
            {
                int token = step.Fused[line].Token;
                right = $"{CellText.Fit(VisibleText.Of(vocabularies.Target, token), LongestText)}{Percent1(FusedProbability(token)),9}{(token == Gold ? " ◄" : "")}";
            }

            terminal.Line($"{Terminal.Escape(left)} [grey]│[/] {Terminal.Escape(right)}".TrimEnd());
        }
    }

    private void WriteFooter()
    {
        RowProvenance row = step.Provenance;
        terminal.Line();
        if (step.Outcome is { } outcome)
        {
            string kind = AlignmentSwitches.Named("transport").Get(_options);
            Write("transport", string.Create(CultureInfo.InvariantCulture, $"{kind}: {CertificateText.Of(outcome, _options)}; {outcome.Iterations} iterations, marginal error {outcome.MarginalError:G3}"));
        }

        if (step.Shares is not null)
        {
            string discount = _options.ByteTail > 0 ? string.Create(CultureInfo.InvariantCulture, $", less {_options.ByteTail} bits per byte beyond the candidate") : "";
            Write("shares", $"by own %; a token without one counts e^-1 of the least own one{discount}");
            Write("not kept", $"{Percent1(step.NotKept)} % of all mass went to lighter tokens and {(_options.Mass == MassRule.Tail ? "counts as missing" : "is scaled away")}");
        }

        Write("mass", string.Create(CultureInfo.InvariantCulture, $"missing s {row.Missing:F3}, kappa {row.Kappa:F3}"));
        if (!double.IsNaN(row.SignalKept))
            Write("signal", string.Create(CultureInfo.InvariantCulture, $"{row.SignalKept:P1} of what the teacher said survives in the fused row"));
        if (Gold < 0)
        {
            Write("next", "the document ends here");
            return;
        }

        Span<double> own = stackalloc double[pair.Target.Candidates.K];
        RowMass.Softmax(pair.Target.Candidates.ValuesOf(step.Row), 1, own);
        int at = pair.Target.Candidates.IndicesOf(step.Row).IndexOf(Gold);
        Write("next", $"the document goes on with {VisibleText.Of(vocabularies.Target, Gold)} ◄: fused {Percent1(FusedProbability(Gold))} %, the target's own {(at < 0 ? "0.0" : Percent1(own[at]))} %");

        void Write(string name, string value) => terminal.Line($"[bold]{name,-10}[/]{Terminal.Escape(value)}");
    }

    /// <summary>The next token of the document, or -1.</summary>
    private int Gold => step.Row + 1 < pair.Target.Length ? pair.Target.Ids[step.Row + 1] : -1;

    /// <summary>What the student sees of a token: official values still pass through a softmax (O8).</summary>
    private double FusedProbability(int token)
    {
        double[] seen = new double[step.Fused.Length];
        TeacherSignal.AsProbabilities([.. step.Fused.Select(static f => f.Value)], _options.Output, seen);
        int at = Array.FindIndex(step.Fused, f => f.Token == token);
        return at < 0 ? 0 : seen[at];
    }

    private int[] ShownRows() => [.. Enumerable.Range(0, Math.Min(Shown, step.Rows.Length))];

    private int[] ShownColumns()
    {
        int m = step.Columns.Length, n = step.Rows.Length;
        return [.. Enumerable.Range(0, m).OrderByDescending(j => Enumerable.Range(0, n).Sum(i => step.Plan[i, j])).ThenByDescending(j => step.Columns[j].Mass).Take(Shown).Order()];
    }

    private static string ColumnName(int column) => ((char)('A' + column)).ToString();

    private static string Percent(double mass) => double.IsNaN(mass) ? "NaN" : mass < 0.0005 ? "." : mass < 0.005 ? "<1" : (100 * mass).ToString("F0", CultureInfo.InvariantCulture);

    private static string Percent1(double? mass) => (100 * mass)?.ToString("F1", CultureInfo.InvariantCulture) ?? "";

    private static string? MassStyle(double mass, bool heaviest) => heaviest ? "bold yellow" : Percent(mass) == "." ? "grey" : null;

    /// <summary>A matrix of the table.</summary>
    /// <param name="Title">Its heading, cut at its width.</param>
    /// <param name="Cell">Characters of a cell.</param>
    /// <param name="Width">Characters of a line.</param>
    /// <param name="Lines">[rows] markup.</param>
    private sealed record Block(string Title, int Cell, int Width, string[] Lines)
    {
        /// <summary>The columns' names stand above it.</summary>
        public bool Letters { get; init; } = true;

        public static Block Of(string title, int[] rows, int[] columns, int narrowest, Func<int, int, string> text, Func<int, int, string?> style)
        {
            int cell = Math.Max(narrowest, columns.Max(j => rows.Max(i => text(i, j).Length)) + 1);
            return new Block(title, cell, cell * columns.Length, [.. rows.Select(i => string.Concat(columns.Select(j => Styled(text(i, j).PadLeft(cell), style(i, j)))))]);
        }

        private static string Styled(string text, string? style) => style is null ? text : $"[{style}]{text}[/]";
    }
}
