using PtaKernels.Pipeline;
using PtaKernels.Training;

namespace PtaKernels.Effect;

/// <summary>The study's page: the block of README.md, then everything behind it, seed by seed.</summary>
internal static class EffectPage
{
    /// <summary>The page in Markdown.</summary>
    /// <param name="statistics">What was measured.</param>
    /// <param name="charts">The pictures, by the path that the page reaches them with.</param>
    public static string ToMarkdown(EffectStatistics statistics, IReadOnlyList<ChartBlock> charts) =>
        ReportMarkdown.Of(statistics.Results.Title,
        [
            .. EffectTable.Blocks(statistics, charts, search: true),
            new HeadingBlock("Methods"), Methods(statistics),
            new HeadingBlock("Against the control, over seeds"), OverSeeds(statistics, statistics.Gain),
            new HeadingBlock("Against fusion, over seeds"), new TextBlock("Method minus fusion, each less its own control where these differ."), OverSeeds(statistics, statistics.AgainstFusion),
            .. OverDocuments(statistics),
            new HeadingBlock("Seed by seed"), Runs(statistics),
            new HeadingBlock("Rows"), Rows(statistics),
            .. Documents(statistics),
            .. Tuning(statistics),
        ]);

    private static TableBlock Methods(EffectStatistics statistics) => new(
        ["method", "group", "control", "preset", "switches", "sources", "w", "learning rate"],
        [
            .. statistics.Ordered.Select(static m => (string[])
            [
                m.Name, m.Group, m.Control ?? "", m.Preset ?? "", string.Join(", ", m.Switches.Select(static s => $"{s.Key}={s.Value}")), string.Join(", ", m.Sources),
                EffectTable.Weight(m.LossWeight), EffectTable.Weight(m.LearningRate, "0.######"),
            ]),
        ], []);

    private static TableBlock OverSeeds(EffectStatistics statistics, Func<EffectMethod, string, PairedTTest?> compare) => new(
        ["method", "domain", "Δ", "standard error", "95 % interval", "t", "p", "seeds"],
        [
            .. from m in statistics.Ordered
               from d in statistics.Results.Domains
               let test = compare(m, d)
               where test is not null
               select OverSeeds(m.Name, d, test.Value),
        ], []);

    private static string[] OverSeeds(string name, string domain, PairedTTest test)
    {
        double half = test.HalfWidth();
        bool one = double.IsNaN(half);
        return
        [
            name, domain, ChartAxis.Signed(test.Mean, 4), one ? "" : ChartAxis.Fixed(test.StandardError, 4), one ? "" : $"{ChartAxis.Signed(test.Mean - half, 4)} to {ChartAxis.Signed(test.Mean + half, 4)}",
            double.IsFinite(test.T) ? ChartAxis.Fixed(test.T, 2) : "", EffectTable.P(test.PValue), $"{test.Count}",
        ];
    }

    private static IEnumerable<ReportBlock> OverDocuments(EffectStatistics statistics)
    {
        string[][] rows =
        [
            .. from m in statistics.Ordered
               from b in m.Bootstrap
               let r = b.Value
               select (string[])[m.Name, b.Key, ChartAxis.Signed(r.Difference, 4), ChartAxis.Fixed(r.StandardError, 4), $"{ChartAxis.Signed(r.Low, 4)} to {ChartAxis.Signed(r.High, 4)}", EffectTable.P(r.PValue)],
        ];
        return rows.Length == 0 ? [] :
        [
            new HeadingBlock("Over documents"),
            new TextBlock("Paired bootstrap over the held-out documents, scores summed over seeds. No p is below two over the number of resamples."),
            new TableBlock(["method", "domain", "Δ", "standard error", "95 % interval", "p"], rows, []),
        ];
    }

    private static TableBlock Runs(EffectStatistics statistics)
    {
        string[] domains = [.. statistics.Results.Domains];
        return new TableBlock(
            ["method", "seed", .. domains, .. domains.Select(static d => $"Δ {d}"), "tokens", "steps", "seconds of training"],
            [
                .. from m in statistics.Ordered.Select(static m => (Row: m, m.Name)).Concat(Again(statistics))
                   from r in m.Row.Runs.OrderBy(static r => r.Seed)
                   where r.BitsPerByte.Count > 0
                   select (string[])
                   [
                       m.Name, $"{r.Seed}", .. domains.Select(d => ChartAxis.Fixed(r.BitsPerByte[d], 4)), .. domains.Select(d => statistics.GainsOf(m.Row, d).TryGetValue(r.Seed, out double gain) ? ChartAxis.Signed(gain, 4) : ""),
                       $"{r.Tokens}", $"{r.Steps}", ChartAxis.Fixed(r.TrainSeconds, 1),
                   ],
            ], []);
    }

    /// <summary>What later results trained again, with their day behind the name: new rows are compared with it.</summary>
    private static IEnumerable<(EffectMethod Row, string Name)> Again(EffectStatistics statistics) =>
        statistics.Added.SelectMany(static a => a.Results.Methods.Except(a.Rows).Select(m => (m, FormattableString.Invariant($"{m.Name} of {a.Results.Date.ToUniversalTime():yyyy-MM-dd}"))));

    private static TableBlock Rows(EffectStatistics statistics) => new(
        ["method", "seed", "coverage", "gold top-1", "target's own", "p(gold)", "signal kept", "seconds of alignment"],
        [
            .. from m in statistics.Ordered
               from r in m.Runs.OrderBy(static r => r.Seed)
               where r.Coverage is not null
               select (string[])
               [
                   m.Name, $"{r.Seed}", EffectTable.Number(r.Coverage, 4), EffectTable.Number(r.GoldTop1, 4), EffectTable.Number(r.TargetTop1, 4), EffectTable.Number(r.GoldProbability, 4), EffectTable.Number(r.SignalKept, 4),
                   ChartAxis.Fixed(r.AlignSeconds, 2),
               ],
        ], []);

    private static IEnumerable<ReportBlock> Documents(EffectStatistics statistics)
    {
        string[][] rows =
        [
            .. from m in statistics.Ordered
               from d in m.Worst.OrderByDescending(static d => d.Difference)
               select (string[])[m.Name, d.IsBest ? "won" : "lost", d.Document, d.Domain, ChartAxis.Signed(d.Difference, 3)],
        ];
        return rows.Length == 0 ? [] : [new HeadingBlock("Documents that lost and won most"), new TableBlock(["method", "result", "document", "domain", "Δ"], rows, [])];
    }

    private static IEnumerable<ReportBlock> Tuning(EffectStatistics statistics) => statistics.Results.Tuning.Count == 0 ? [] :
    [
        new HeadingBlock("Learning rates"),
        new TextBlock("Chosen on text that no student is trained on and no table is made from."),
        new TableBlock(["method", "learning rate", "bits per byte"], [.. statistics.Results.Tuning.Select(static t => (string[])[t.Method, EffectTable.Weight(t.LearningRate, "0.######"), ChartAxis.Fixed(t.BitsPerByte, 4)])], []),
    ];
}
