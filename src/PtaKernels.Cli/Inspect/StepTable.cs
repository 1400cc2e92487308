using System.Globalization;
using System.Text;
using PtaKernels.Rules;

namespace PtaKernels.Cli.Inspect;

/// <summary>One step on screen: source candidates, cost matrix, plan and fused distribution side by side, then its certificate and what it kept.</summary>
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
        string after = VisibleText.Cut(VisibleText.Of(vocabularies.Target, pair.Target.Ids[position]), LongestText);
        terminal.Line($"[bold]Step {position}[/]: what follows [bold]{Terminal.Escape(after)}[/]. Target row {position} receives {Terminal.Escape(vocabularies.Source.Name)} row {row.SourceRow} "
            + $"by rule [{RuleLegend.ColourOf(row.Rule)}]{Terminal.Escape(row.Letter.ToString())}[/] ({Terminal.Escape(RuleNames.Of(row.Rule))}).");
        if (step.Columns.Length > 0)
            WriteTransport();
        else
            WriteMoved();
        WriteFooter();
    }

    private void WriteTransport()
    {
        int[] rows = [.. Enumerable.Range(0, Math.Min(Shown, step.Rows.Length))];
        int[] columns = ShownColumns();
        int costCell = columns.Max(j => rows.Max(i => $"{step.Cost[i, j]}".Length)) + 1;
        int planCell = columns.Max(j => rows.Max(i => Percent(step.Plan[i, j]).Length)) + 1;
        planCell = Math.Max(planCell, 3);
        costCell = Math.Max(costCell, 2);
        int numbers = 2 + 7 + (columns.Length * (costCell + planCell)) + 2 + 7 + 9 + 9 + 2;
        int text = Math.Clamp((terminal.Width - numbers) / 2, 6, LongestText);
        var header = new StringBuilder();
        header.Append(VisibleText.Fit("source candidate", text + 2)).Append($"{"a %",7} │ ");
        header.Append(VisibleText.Fit("cost in edits", columns.Length * costCell)).Append(" │ ");
        header.Append(VisibleText.Fit("plan, % of all mass", columns.Length * planCell)).Append(" │ ");
        header.Append(VisibleText.Fit("target candidate", text + 2)).Append($"{"b %",7}{"fused %",9}");
        terminal.Line($"[bold]{Terminal.Escape(header.ToString())}[/]");
        string letters(int cell) => string.Concat(columns.Select((_, c) => ColumnName(c).PadLeft(cell)));
        terminal.Line($"[grey]{new string(' ', text + 9)} │ {letters(costCell)} │ {letters(planCell)} │[/]");
        for (int line = 0; line < Math.Max(rows.Length, columns.Length); line++)
            WriteTransportLine(line, rows, columns, text, costCell, planCell);
        if (step.Columns.Length > columns.Length || step.Rows.Length > rows.Length)
            terminal.Line($"[grey]{rows.Length} of {step.Rows.Length} source and {columns.Length} of {step.Columns.Length} target candidates shown, those with the most mass[/]");
    }

    private void WriteTransportLine(int line, int[] rows, int[] columns, int text, int costCell, int planCell)
    {
        var markup = new StringBuilder();
        if (line < rows.Length)
        {
            int i = rows[line];
            int heaviest = columns.MaxBy(j => step.Plan[i, j]);
            markup.Append(CultureInfo.InvariantCulture, $"{line,1} {Terminal.Escape(VisibleText.Fit(step.Rows[i].Text, text))}{Percent1(step.Rows[i].Mass),7} [grey]│[/] ");
            foreach (int j in columns)
            {
                string cost = $"{step.Cost[i, j]}".PadLeft(costCell);
                markup.Append(step.Cost[i, j] == 0 ? $"[green]{cost}[/]" : cost);
            }

            markup.Append(" [grey]│[/] ");
            foreach (int j in columns)
            {
                string mass = Percent(step.Plan[i, j]).PadLeft(planCell);
                markup.Append(j == heaviest ? $"[bold yellow]{mass}[/]" : mass == ".".PadLeft(planCell) ? $"[grey]{mass}[/]" : mass);
            }
        }
        else
        {
            markup.Append(new string(' ', text + 9)).Append(" [grey]│[/] ").Append(new string(' ', columns.Length * costCell));
            markup.Append(" [grey]│[/] ").Append(new string(' ', columns.Length * planCell));
        }

        markup.Append(" [grey]│[/] ");
        if (line < columns.Length)
        {
            StepCandidate column = step.Columns[columns[line]];
            double fused = FusedProbability(column.Token);
            bool gold = column.Token == Gold;
            string cells = $"{ColumnName(line)} {VisibleText.Fit(column.Text, text)}{Percent1(column.Mass),7}{(fused == 0 ? "." : Percent1(fused)),9}";
            markup.Append(gold ? $"[green]{Terminal.Escape(cells)}[/] [green]◄[/]" : Terminal.Escape(cells));
        }

        terminal.Line(markup.ToString().TrimEnd());
    }

    /// <summary>A row whose candidates moved to mapped or nearest tokens without a transport.</summary>
    private void WriteMoved()
    {
        const int Text = 2 * LongestText;
        terminal.Line($"[bold]{VisibleText.Fit("source candidate", Text)}{"a %",7} │ {VisibleText.Fit("fused token", LongestText)}{"fused %",9}[/]");
        for (int line = 0; line < Math.Min(Shown, Math.Max(step.Rows.Length, step.Fused.Length)); line++)
        {
            string left = line < step.Rows.Length ? VisibleText.Fit(step.Rows[line].Text, Text) + $"{Percent1(step.Rows[line].Mass),7}" : new string(' ', Text + 7);
            string right = "";
            if (line < step.Fused.Length)
            {
                int token = step.Fused[line].Token;
                right = $"{VisibleText.Fit(VisibleText.Of(vocabularies.Target, token), LongestText)}{Percent1(FusedProbability(token)),9}{(token == Gold ? " ◄" : "")}";
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
            string status = outcome.Status switch
            {
                TransportStatus.Converged when _options.Transport == TransportKind.Official => "stopped by the official loop's own test, which is no certificate",
                TransportStatus.Converged when _options.Transport == TransportKind.SemiRelaxed => "closed form, nothing to certify",
                TransportStatus.Converged => "certified",
                TransportStatus.ExactFallback => "no certificate; the unregularised optimum instead",
                TransportStatus.IterationLimit => "iteration limit met, no certificate",
                _ => "not a number",
            };
            string kind = AlignmentSwitches.Named("transport").Get(_options);
            Write("transport", string.Create(CultureInfo.InvariantCulture, $"{kind}: {status}; {outcome.Iterations} iterations, marginal error {outcome.MarginalError:G3}"));
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

    private int[] ShownColumns()
    {
        int m = step.Columns.Length, n = step.Rows.Length;
        return [.. Enumerable.Range(0, m).OrderByDescending(j => Enumerable.Range(0, n).Sum(i => step.Plan[i, j])).ThenByDescending(j => step.Columns[j].Mass).Take(Shown).Order()];
    }

    private static string ColumnName(int column) => ((char)('A' + column)).ToString();

    private static string Percent(double mass) => double.IsNaN(mass) ? "NaN" : mass < 0.0005 ? "." : mass < 0.005 ? "<1" : (100 * mass).ToString("F0", CultureInfo.InvariantCulture);

    private static string Percent1(double mass) => (100 * mass).ToString("F1", CultureInfo.InvariantCulture);
}
