using PtaKernels.Pipeline;
using PtaKernels.Training;

namespace PtaKernels.Effect;

/// <summary>The study's two pictures.</summary>
internal static class EffectCharts
{
    /// <summary>Each method's difference to its control in every domain, with its interval over seeds; the best first.</summary>
    public static Chart Differences(EffectStatistics statistics)
    {
        DifferenceBar[] bars =
        [
            .. from m in statistics.Shown
               let all = statistics.Gain(m, EffectResults.All)
               where all is not null
               orderby all.Value.Mean
               from d in statistics.Domains
               let test = statistics.Gain(m, d)!.Value
               select new DifferenceBar(m.Name, d, test.Mean, test.Mean - test.HalfWidth(), test.Mean + test.HalfWidth()),
        ];
        return Charts.Intervals(bars, "the control of the same seed", "Which alignment teaches: bits per byte gained or lost", "whiskers: 95 % t-interval over seeds");
    }

    /// <summary>What rows say of the next token before training, against what training on them gives.</summary>
    public static Chart Rows(EffectStatistics statistics)
    {
        IReadOnlyList<EffectPrediction> predictions = statistics.Predictions();
        RankCorrelation rank = EffectStatistics.Correlation(predictions, static p => p.GoldProbability);
        string correlation = double.IsNaN(rank.Coefficient) ? "" : $"; rank correlation {ChartAxis.Fixed(rank.Coefficient, 2)} over {rank.Count} methods, {EffectTable.InSentence(rank.PValue)}";
        return Charts.Scatter(
            [.. predictions.OrderBy(static p => Array.IndexOf(Kinds, KindOf(p.Method))).Select(static p => new ScatterPoint(p.Method.Name, KindOf(p.Method), p.GoldProbability, p.Difference))],
            "Fused rows before training, and the student after it", $"vertical: difference to the control after training, bits per byte of all text, negative is better{correlation}", "mean probability of the document's next token in the fused rows, before training");
    }

    private static readonly string[] Kinds = ["presets", "other teachers and methods", "ideas", "one change of fusion"];

    private static string KindOf(EffectMethod method) => method.Group switch { "presets" => Kinds[0], "baselines" or "controls" => Kinds[1], "ideas" => Kinds[2], _ => Kinds[3] };
}
