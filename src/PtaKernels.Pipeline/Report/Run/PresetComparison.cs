using PtaKernels.Rules;

namespace PtaKernels.Pipeline;

/// <summary>Adds documents up to a <see cref="PresetSection"/>.</summary>
internal sealed class PresetComparison
{
    private readonly IKernelBackend _backend;
    private readonly AlignmentMethod[] _methods;
    private readonly PresetSums[] _own, _same;
    private readonly long[] _oneToOne, _paired;
    private readonly long[,] _differ;
    private long _positions, _sameRows;

    public PresetComparison(IKernelBackend backend, AlignmentMethod[] methods)
    {
        (_backend, _methods) = (backend, methods);
        _own = [.. methods.Select(static _ => new PresetSums())];
        _same = [.. methods.Select(static _ => new PresetSums())];
        _oneToOne = new long[methods.Length];
        _paired = new long[methods.Length];
        _differ = new long[methods.Length, methods.Length];
    }

    /// <summary>Counts a document. Rows count as the same where every method that takes the document at all gave them something.</summary>
    public void Add(MethodDocument document)
    {
        int length = document.Pair.Target.Length;
        int[] taking = [.. Enumerable.Range(0, _methods.Length).Where(m => document.Rows[m] is not null)];
        _positions += length;
        foreach (int m in taking)
        {
            if (document.Pairings[_methods[m].Options.Pairing] is not { } pairing)
                continue;
            _paired[m] += length;
            _oneToOne[m] += Enumerable.Range(0, length).Count(t => pairing.CountOf(t) == 1);
        }

        var tops = new int[_methods.Length];
        for (int i = 0; i < length; i++)
        {
            int row = i;
            bool all = taking.Length == _methods.Length && Array.TrueForAll(taking, m => document.Taught(m, row));
            _sameRows += all ? 1 : 0;
            foreach (int m in taking)
            {
                if (!document.Taught(m, i))
                    continue;
                PresetRow seen = RowOf(document, m, i, out tops[m]);
                _own[m].Add(seen);
                if (all)
                    _same[m].Add(seen);
            }

            for (int a = 0; all && a < tops.Length; a++)
            {
                for (int b = 0; b < tops.Length; b++)
                    _differ[a, b] += tops[a] != tops[b] ? 1 : 0;
            }
        }
    }

    /// <summary>What was found.</summary>
    public PresetSection ToSection(MethodPass pass) => new(
        pass.Documents, _positions, _sameRows,
        [
            .. _methods.Select((method, m) => new PresetMethod(
                method.Name, method.Meaning, pass.Refused[m].Count, pass.Refused[m].Reason, _paired[m] == 0 ? null : _oneToOne[m] / (double)_paired[m],
                _own[m].ToRows() is var own && _positions == 0 ? null : own.Rows / (double)_positions, own, _same[m].ToRows())),
        ],
        [.. Enumerable.Range(0, _methods.Length).Select(a => Enumerable.Range(0, _methods.Length).Select(b => _sameRows == 0 ? (double?)null : _differ[a, b] / (double)_sameRows).ToArray())]);

    private PresetRow RowOf(MethodDocument document, int method, int i, out int top)
    {
        AlignedDocument rows = document.Rows[method]!;
        AlignmentOptions options = _methods[method].Options;
        TokenizedDocument source = document.Pair.Source, target = document.Pair.Target;
        ReadOnlySpan<int> tokens = rows.IndicesOf(i);
        double[] seen = document.Seen(method, i);
        top = tokens[MethodDocument.Heaviest(seen)];
        int first = source.Candidates.IndicesOf(rows[i].SourceRow)[MethodDocument.Heaviest(source.Candidates.ValuesOf(rows[i].SourceRow))];
        document.Vocabularies.NearestText.Resolve(_backend, [first]);
        int own = target.Candidates.IndicesOf(i)[MethodDocument.Heaviest(target.Candidates.ValuesOf(i))];
        int? gold = i + 1 < target.Length ? target.Ids[i + 1] : null;
        int at = gold is { } next ? tokens.IndexOf(next) : -1;
        return new PresetRow(
            ColumnsOf(options, target.Candidates.K, tokens.Length), rows[i].Missing, tokens.Length, top == document.Vocabularies.NearestText[first], top == own, top == gold,
            gold is null ? null : at < 0 ? 0 : seen[at], rows[i].SignalKept);
    }

    /// <summary>Target candidates: the target's leading ones; what the mapped or begun tokens are where no transport chooses; not told under columns union with a transport.</summary>
    private static int? ColumnsOf(in AlignmentOptions options, int k, int tokens) =>
        options.Transport == TransportKind.None || options.Projection == ProjectionRule.Byte ? tokens : options.Columns == CandidateColumns.TargetTopk ? RowCandidates.Used(k, options.Window) : null;
}
