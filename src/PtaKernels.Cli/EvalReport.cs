using PtaKernels.Training;
using Spectre.Console;

namespace PtaKernels.Cli;

/// <summary>A model's scores; empty where there was nothing of the kind to score.</summary>
internal sealed record ModelAnswers(DocumentScore[] Documents, ItemScore[] Items);

/// <summary>What <c>pta eval</c> says: bits per byte per domain, answers per task, and both against another model.</summary>
internal sealed class EvalReport
{
    private static readonly string[] DifferenceColumns = ["against", "difference", "95 %", "p"];
    private static readonly string[] TaskDifferenceColumns = [.. DifferenceColumns, "won/lost", "exact p"];

    public EvalReport(ModelAnswers own, ModelAnswers? other, int worst)
    {
        if (own.Documents.Length > 0)
        {
            Domains = [.. LinesOf(own.Documents, other?.Documents)];
            Documents = other is null ? null : Extremes(DocumentDifference.Extremes(other.Documents, own.Documents, worst));
        }

        if (own.Items.Length == 0)
            return;
        Tasks = TaskScore.ByTask(own.Items);
        MeanOfTasks = TaskScore.MeanOf([.. Tasks]);
        if (other is null)
            return;
        Compared = TaskComparison.ByTask(other.Items, own.Items);
        MeanDifference = BootstrapResult.Of(other.Items, own.Items);
        WorstTasks = Extremes(TaskComparison.Extremes([.. Compared], worst));
    }

    public IReadOnlyList<DomainLine>? Domains { get; }

    /// <summary>Documents on which the model lost and won most.</summary>
    public LostAndWon<DocumentDifference>? Documents { get; }

    public IReadOnlyList<TaskScore>? Tasks { get; }

    public TaskScore? MeanOfTasks { get; }

    /// <summary>Every task against the other model.</summary>
    public IReadOnlyList<TaskComparison>? Compared { get; }

    public BootstrapResult? MeanDifference { get; }

    /// <summary>Tasks that lost and won most.</summary>
    public LostAndWon<TaskComparison>? WorstTasks { get; }

    public void Print(Terminal terminal)
    {
        if (Domains is not null)
            PrintDomains(terminal, Domains);
        if (Documents is { } documents)
            PrintDocuments(terminal, documents);
        if (Tasks is not null)
            PrintTasks(terminal);
        if (WorstTasks is { } tasks)
            PrintWorst(terminal, tasks);
        if (Domains?[0].Difference is not null || Compared is not null)
        {
            terminal.Output.WriteLine($"Differences: paired bootstrap over documents or questions, {BootstrapResult.Resamples} resamples, 95 % interval. p: two-sided, twice the share of resamples at or beyond 0 on the rarer side.");
            if (Compared is not null)
                terminal.Output.WriteLine("Exact p: McNemar's test of the questions won and lost. Each p stands for one comparison: of many tasks one in twenty lies below 0.05 by chance.");
        }
    }

    private static IEnumerable<DomainLine> LinesOf(DocumentScore[] own, DocumentScore[]? other)
    {
        string[] domains = [.. own.Select(static d => d.Domain).Distinct().Order(StringComparer.Ordinal)];
        foreach (string domain in domains.Length > 1 ? domains : [])
            yield return Of(domain, d => d.Domain == domain);
        yield return Of("all", static _ => true);

        DomainLine Of(string name, Func<DocumentScore, bool> belongs)
        {
            DocumentScore[] mine = [.. own.Where(belongs)];
            DomainScore sum = DomainScore.Of(mine);
            BootstrapResult? difference = other is null ? null : BootstrapResult.Of([.. other.Where(belongs)], mine);
            DomainScore? theirs = other is null ? null : DomainScore.Of([.. other.Where(belongs)]);
            return new DomainLine(name, sum.Documents, sum.Bytes, sum.Tokens, sum.BitsPerByte, sum.Perplexity, theirs?.BitsPerByte, difference);
        }
    }

    private static void PrintDomains(Terminal terminal, IReadOnlyList<DomainLine> lines)
    {
        bool compared = lines[0].Difference is not null;
        Table table = TableOf(["domain", "documents", "bytes", "tokens", "bits per byte", "perplexity", .. compared ? DifferenceColumns : []]);
        foreach (DomainLine line in lines)
        {
            List<string> cells = [line.Domain, Text($"{line.Documents}"), Text($"{line.Bytes}"), Text($"{line.Tokens}"), Text($"{line.BitsPerByte:F4}"), Text($"{line.Perplexity:F2}")];
            if (line.Difference is { } d)
                cells.AddRange([Text($"{line.Against:F4}"), Signed(d.Difference), Interval(d), P(d.PValue)]);
            Add(table, cells);
        }

        terminal.Console.Write(table);
    }

    private static void PrintDocuments(Terminal terminal, LostAndWon<DocumentDifference> documents)
    {
        foreach ((string title, IReadOnlyList<DocumentDifference> list) in new[] { ("Documents that lost most", documents.Lost), ("Documents that won most", documents.Won) })
        {
            if (list.Count == 0)
                continue;
            terminal.Output.WriteLine($"{title}, in bits per byte:");
            Table table = TableOf("document", "domain", "against", "bits per byte", "difference");
            foreach (DocumentDifference d in list)
                Add(table, [d.Id, d.Domain, Text($"{d.First:F4}"), Text($"{d.Second:F4}"), Signed(d.Difference)]);
            terminal.Console.Write(table);
        }
    }

    private void PrintTasks(Terminal terminal)
    {
        Table table = TableOf(["task", "questions", "accuracy", "± se", "per byte", "answer bits per byte", .. Compared is null ? [] : TaskDifferenceColumns]);
        foreach ((int i, TaskScore task) in Tasks!.Index())
            Row(task, Compared?[i], Compared?[i].Bootstrap);
        if (Tasks!.Count > 1)
            Row(MeanOfTasks!, null, MeanDifference);
        terminal.Console.Write(table);

        void Row(TaskScore task, TaskComparison? compared, BootstrapResult? difference)
        {
            List<string> cells = [task.Task, Text($"{task.Items}"), Text($"{task.Accuracy:F4}"), Text($"{task.StandardError:F4}"), task.AccuracyPerByte is { } perByte ? Text($"{perByte:F4}") : "-", Text($"{task.AnswerBitsPerByte:F4}")];
            if (difference is { } d)
                cells.AddRange([Text($"{task.Accuracy - d.Difference:F4}"), Signed(d.Difference), Interval(d), P(d.PValue), compared is null ? "" : $"{compared.Won}/{compared.Lost}", compared is null ? "" : P(compared.McNemar)]);
            Add(table, cells);
        }
    }

    private static void PrintWorst(Terminal terminal, LostAndWon<TaskComparison> tasks)
    {
        foreach ((string title, IReadOnlyList<TaskComparison> list) in new[] { ("Tasks that lost most:", tasks.Lost), ("Tasks that won most:", tasks.Won) })
        {
            if (list.Count == 0)
                continue;
            terminal.Output.WriteLine(title);
            foreach (TaskComparison t in list)
                terminal.Output.WriteLine($"  {t.Task}: {Signed(t.Bootstrap.Difference)} ({Text($"{t.First:F4}")} to {Text($"{t.Second:F4}")}), p {P(t.Bootstrap.PValue)}, exact p {P(t.McNemar)}");
        }
    }

    private static LostAndWon<T> Extremes<T>((IReadOnlyList<T> Lost, IReadOnlyList<T> Won) lists) => new(lists.Lost, lists.Won);

    /// <summary>A table whose numbers stand to the right.</summary>
    private static Table TableOf(params string[] columns)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumns(columns);
        foreach (int column in Enumerable.Range(1, columns.Length - 1))
            table.Columns[column].RightAligned();
        return table;
    }

    private static void Add(Table table, IEnumerable<string> cells) => table.AddRow([.. cells.Select(Terminal.Escape)]);

    private static string Text(FormattableString text) => FormattableString.Invariant(text);

    private static string Signed(double value) => Text($"{value:+0.0000;-0.0000;0.0000}");

    private static string Interval(BootstrapResult d) => $"{Signed(d.Low)}..{Signed(d.High)}";

    private static string P(double value) => value < 0.0001 ? "<0.0001" : Text($"{value:F4}");
}

/// <summary>The two ends of a comparison.</summary>
internal sealed record LostAndWon<T>(IReadOnlyList<T> Lost, IReadOnlyList<T> Won);

/// <summary>One domain's figures.</summary>
internal sealed record DomainLine(string Domain, int Documents, long Bytes, long Tokens, double BitsPerByte, double Perplexity, double? Against, BootstrapResult? Difference);
