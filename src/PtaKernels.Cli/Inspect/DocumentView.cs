using PtaKernels.Pipeline;

namespace PtaKernels.Cli.Inspect;

/// <summary>One document aligned with one source, shown whole and step by step.</summary>
internal sealed class DocumentView
{
    private readonly Terminal _terminal;
    private readonly IKernelBackend _backend;
    private readonly DocumentPair _pair;
    private readonly VocabularyPair _vocabularies;
    private readonly AlignmentOptions _options;
    private readonly AlignedDocument _aligned;

    /// <summary>Aligns the document.</summary>
    public DocumentView(Terminal terminal, IKernelBackend backend, DocumentPair pair, VocabularyPair vocabularies, in AlignmentOptions options)
    {
        (_terminal, _backend, _pair, _vocabularies, _options) = (terminal, backend, pair, vocabularies, options);
        var aligned = new AlignedDocument[1];
        backend.AlignBatch([pair], vocabularies, options, aligned, new AlignmentReport());
        _aligned = aligned[0];
    }

    /// <summary>Target positions.</summary>
    public int Length => _pair.Target.Length;

    /// <summary>The first row that a teacher's row reached; 0 when there is none.</summary>
    public int FirstTransferred => Math.Max(0, Array.FindIndex([.. Enumerable.Range(0, Length)], i => _aligned[i].Transferred));

    /// <summary>Everything: both rows of tokens, the legend, one step.</summary>
    public void Write(string preset, int? row, (int From, int To) window)
    {
        WriteDocument(preset, row ?? FirstTransferred, window);
        _terminal.Line();
        WriteStep(row);
    }

    /// <summary>Both rows of tokens and the legend.</summary>
    public void WriteDocument(string preset, int shownRow, (int From, int To) window)
    {
        string title = $"Document {_pair.Target.Id}: {_pair.Source.Length} {_vocabularies.Source.Name} tokens (source) to {Length} {_vocabularies.Target.Name} tokens (target), preset {preset}";
        string part = window.To - window.From < Length ? $", positions {window.From}..{window.To - 1}; --from and --to show others" : "";
        _terminal.Line($"[bold]{Terminal.Escape(title)}[/]{part}");
        _terminal.Line();
        new TokenRows(_terminal, _pair, _vocabularies, _aligned).Write(window.From, window.To, shownRow);
        _terminal.Line();
        RuleLegend.Write(_terminal, _aligned);
        _terminal.Line($"  [grey]{Terminal.Escape(VisibleText.Legend)}  (7) source row 7 once more[/]");
    }

    /// <summary>One step taken apart.</summary>
    public void WriteStep(int? row)
    {
        if (row is null && !_aligned[FirstTransferred].Transferred)
        {
            _terminal.Line("No row of this document received anything from the teacher, so there is no step to show.");
            return;
        }

        var step = StepView.Rebuild(_backend, _pair, _vocabularies, _options, _aligned, row ?? FirstTransferred);
        new StepTable(_terminal, _pair, _vocabularies, step, _options).Write();
    }

    /// <summary>The same as JSON.</summary>
    public void WriteJson(int? row)
    {
        bool any = row is not null || _aligned[FirstTransferred].Transferred;
        StepView? step = any ? StepView.Rebuild(_backend, _pair, _vocabularies, _options, _aligned, row ?? FirstTransferred) : null;
        _terminal.WriteJson(new
        {
            Document = _pair.Target.Id,
            Source = new { _vocabularies.Source.Name, Tokens = _pair.Source.Ids.Select(id => _vocabularies.Source.Display(id)) },
            Target = new { _vocabularies.Target.Name, Tokens = _pair.Target.Ids.Select(id => _vocabularies.Target.Display(id)) },
            Rows = Enumerable.Range(0, Length).Select(i => new
            {
                Rule = RowProvenance.LetterOf(_aligned[i].Rule),
                _aligned[i].SourceRow,
                Tokens = _aligned.IndicesOf(i).ToArray(),
                Values = _aligned.ValuesOf(i).ToArray(),
            }),
            Step = step is null ? null : JsonOf(step),
        });
    }

    private static object JsonOf(StepView step)
    {
        RowProvenance row = step.Provenance;
        var sourceCandidates = step.Rows.Select(static c => new { c.Text, c.Mass });
        var targetCandidates = step.Columns.Select(static c => new { c.Token, c.Text, c.Mass });
        string? status = step.Outcome?.Status.ToString();
        var fused = step.Fused.Select(static f => new { f.Token, f.Value });
        if (step.Shares is { } shares)
        {
            return new
            {
                step.Row, row.SourceRow, row.Missing, row.Kappa, row.SignalKept, SourceCandidates = sourceCandidates, TargetCandidates = targetCandidates,
                Shares = RowsOf(shares), step.NotKept, Status = status, step.Outcome?.Iterations, step.Outcome?.MarginalError, Fused = fused,
            };
        }

        return new
        {
            step.Row, row.SourceRow, row.Missing, row.Kappa, row.SignalKept, SourceCandidates = sourceCandidates, TargetCandidates = targetCandidates,
            Cost = RowsOf(step.Cost), Plan = RowsOf(step.Plan), Status = status, step.Outcome?.Iterations, step.Outcome?.MarginalError, Fused = fused,
        };
    }

    private static T[][] RowsOf<T>(T[,] matrix) =>
        [.. Enumerable.Range(0, matrix.GetLength(0)).Select(i => Enumerable.Range(0, matrix.GetLength(1)).Select(j => matrix[i, j]).ToArray())];
}
