namespace PtaKernels.Pipeline;

/// <summary>Sums over a method's rows on their way from pairing to projection.</summary>
internal sealed class PresetSums
{
    private long _rows, _gold, _columns, _columnRows, _tokens, _source, _target, _goldHits, _signalRows;
    private double _missing, _goldProbability, _signal;

    /// <summary>Counts a row.</summary>
    /// <param name="row">The row.</param>
    public void Add(in PresetRow row)
    {
        _rows++;
        _missing += row.Missing;
        _tokens += row.Tokens;
        _source += row.NamesSource ? 1 : 0;
        _target += row.NamesTarget ? 1 : 0;
        if (row.Columns is { } columns)
        {
            _columns += columns;
            _columnRows++;
        }

        if (row.GoldProbability is { } gold)
        {
            _gold++;
            _goldHits += row.NamesGold ? 1 : 0;
            _goldProbability += gold;
        }

        if (double.IsFinite(row.Signal))
        {
            _signalRows++;
            _signal += row.Signal;
        }
    }

    /// <summary>The means.</summary>
    public PresetRows ToRows() => new(
        _rows, Mean(_columns, _columnRows), Mean(_missing, _rows), Mean(_source, _rows), Mean(_target, _rows), Mean(_tokens, _rows), Mean(_goldHits, _gold), Mean(_goldProbability, _gold), Mean(_signal, _signalRows));

    private static double? Mean(double sum, long rows) => rows == 0 ? null : sum / rows;
}

/// <summary>What is counted of a row.</summary>
/// <param name="Columns">Target candidates that the source's could go to; null where that is no number of its own.</param>
/// <param name="Missing">Missing mass.</param>
/// <param name="Tokens">Tokens of the fused row.</param>
/// <param name="NamesSource">Its most probable token is the nearest one to the source's most probable.</param>
/// <param name="NamesTarget">It is the target's own most probable.</param>
/// <param name="NamesGold">It is the next token.</param>
/// <param name="GoldProbability">Probability of the next token; null without one.</param>
/// <param name="Signal">Teacher signal kept, or NaN.</param>
internal readonly record struct PresetRow(int? Columns, double Missing, int Tokens, bool NamesSource, bool NamesTarget, bool NamesGold, double? GoldProbability, double Signal);

/// <summary>Means over a method's rows.</summary>
/// <param name="Rows">Rows.</param>
/// <param name="Columns">Candidates step: target candidates per row.</param>
/// <param name="Missing">Candidates step: mass that the candidates miss.</param>
/// <param name="SourceTop1">Transport step: share of rows whose most probable token is the nearest one to the source's.</param>
/// <param name="TargetTop1">Transport step: share of rows whose most probable token is the target's own.</param>
/// <param name="Tokens">Projection step: tokens of a row.</param>
/// <param name="GoldTop1">Projection step: share of rows whose most probable token is the next one.</param>
/// <param name="GoldProbability">Projection step: mean probability of the next token.</param>
/// <param name="SignalKept">Projection step: teacher signal kept.</param>
internal sealed record PresetRows(
    long Rows, double? Columns, double? Missing, double? SourceTop1, double? TargetTop1, double? Tokens, double? GoldTop1, double? GoldProbability, double? SignalKept)
{
    public IEnumerable<Figure> Cells(string path) =>
    [
        Figure.Count(path + ".rows", Rows), Figure.Number(path + ".columns", Columns, 1), Figure.Share(path + ".missing", Missing), Figure.Share(path + ".source_top1", SourceTop1),
        Figure.Share(path + ".target_top1", TargetTop1), Figure.Number(path + ".tokens", Tokens, 1), Figure.Share(path + ".gold_top1", GoldTop1), Figure.Number(path + ".gold_probability", GoldProbability, 4),
        Figure.Share(path + ".signal_kept", SignalKept),
    ];
}
