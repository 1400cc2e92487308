using System.Globalization;

namespace PtaKernels.Gate;

/// <summary>Growth that a change means to cause, from <c>perf/accepted.tsv</c>: set, case, kind, ratio and reason. Only lines that BASE does not have count, so that each is good for the change that brings it.</summary>
internal sealed class AcceptedGrowth
{
    /// <summary>The file, in the repository.</summary>
    public const string FileName = "perf/accepted.tsv";

    private readonly Dictionary<(string Set, string Case, string Kind), (double Ratio, string Reason)> _lines = [];

    /// <summary>Reads this tree's lines and leaves out BASE's.</summary>
    /// <exception cref="CannotMeasureException">A line is not such a line.</exception>
    public AcceptedGrowth(string text, string textOfBase)
    {
        HashSet<string> known = [.. textOfBase.Split('\n')];
        foreach (string line in text.Split('\n').Where(l => l.Length > 0 && l[0] != '#' && !known.Contains(l)))
        {
            if (line.Split('\t') is not [var set, var name, var kind, var ratio, { Length: > 0 } reason] || !double.TryParse(ratio, NumberStyles.Float, CultureInfo.InvariantCulture, out double allowed) || !(allowed > 1))
                throw new CannotMeasureException($"{FileName}: '{line}' is not a set, case, kind, ratio over 1 and reason with tabs between them.");
            _lines[(set, name, kind)] = (allowed, reason);
        }
    }

    /// <summary>A failure that is within what is accepted passes, with the reason.</summary>
    public Measurement Apply(Measurement m) => m.Verdict == Verdict.Failed && _lines.TryGetValue((m.Set, m.Case, m.Kind), out (double Ratio, string Reason) accepted) && (m.Low ?? m.Ratio) <= accepted.Ratio
        ? m with { Verdict = Verdict.Passed, Note = $"accepted: {accepted.Reason}" } : m;
}
