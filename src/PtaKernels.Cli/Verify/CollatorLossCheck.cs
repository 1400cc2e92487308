using System.Text.Json;
using PtaKernels.Training;
using TorchSharp;

namespace PtaKernels.Cli.Verify;

/// <summary>collator_loss: the official target distributions of a batch in bfloat16, and its loss given the student's logits.</summary>
/// <remarks>The sums are computed twice: in plain float64, and where libtorch is on this machine by the fused output head, with the logits as hidden states and the identity as head. Both must be right.</remarks>
internal sealed class CollatorLossCheck(GoldenContext context) : GoldenCheck(context)
{
    /// <summary>What the fused head's float32 may differ from float64.</summary>
    private const double HeadTolerance = 1e-5;

    /// <summary>The mean of next tokens is float32 in the official code.</summary>
    private const double NextTokenTolerance = 1e-6;

    private static readonly (string Flag, string Ids, string Values, string Collated, string Metric)[] Models =
    [
        ("distill_with_ref_model", OfficialColumns.BaseIds, OfficialColumns.BaseValues, "base_target_dist", OfficialColumns.Metric),
        ("distill_with_aligned_model_0", OfficialColumns.AlignedIds(0), OfficialColumns.AlignedValues(0), "aligned_target_dist_0", OfficialColumns.AlignedMetric(0)),
        ("distill_with_aligned_model_1", OfficialColumns.AlignedIds(1), OfficialColumns.AlignedValues(1), "aligned_target_dist_1", OfficialColumns.AlignedMetric(1)),
    ];

    private static readonly Lazy<bool> Torch = new(static () =>
    {
        if (TorchFolder.Find() is null)
            return false;
        TorchRuntime.Load();
        return true;
    });

    public override string? Left => Torch.Value ? null : "libtorch is not on this machine (pta setup-torch fetches it), so the losses were checked in plain float64 and not in the trainer's own output head.";

    public override GoldenResult Check(JsonElement row)
    {
        JsonElement arguments = row.GetProperty("args"), collated = row.GetProperty("collated");
        int length = row.GetProperty("max_length").GetInt32(), padding = row.GetProperty("pad_id").GetInt32(), vocabulary = row.GetProperty("vocab_size").GetInt32();
        double temperature = arguments.GetProperty("distill_teacher_temperature").GetDouble();
        bool withBase = arguments.GetProperty(Models[0].Flag).GetBoolean();
        bool greater = arguments.GetProperty("distill_greater_as_gt").GetBoolean(), weighted = arguments.GetProperty("distill_weighted_as_gt").GetBoolean();
        var used = Models.Where((m, i) => i == 0 || arguments.GetProperty(m.Flag).GetBoolean()).ToArray();
        var fusion = new OfficialFusion(greater ? OfficialFunction.MinCe : OfficialFunction.AvgCe, withBase, temperature);
        bool kullbackLeibler = arguments.GetProperty("distill_loss_type").GetString() == "kl";

        double nextToken = 0, taught = 0, reward = 0;
        long labelled = 0, rows = 0;
        foreach ((int sample, JsonElement feature) in row.GetProperty("features").EnumerateArray().Index())
        {
            OfficialModelRows[] models = [.. used.Select(m => new OfficialModelRows(
                GoldenJson.IntegerRows(feature.GetProperty(m.Ids)), GoldenJson.NumberRows(feature.GetProperty(m.Values)), GoldenJson.Number(feature.GetProperty(m.Metric))))];
            SparseRows[] distributions = OfficialTargets.Collate(models, temperature, length, padding);
            for (int m = 0; m < used.Length; m++)
            {
                if (collated.TryGetProperty(used[m].Collated, out JsonElement expected) && Differing(distributions[m], expected[sample]) is var place and >= 0)
                    return GoldenResult.Fail($"sample {sample}, position {place}: {used[m].Collated} differs by more than 1 ulp of bfloat16");
            }

            // The collator's padding is masked; the block itself is what the trainer sees.
            int[] ids = GoldenJson.Integers(feature.GetProperty("input_ids"));
            double[][] logits = [.. row.GetProperty("student_logits")[sample].EnumerateArray().Take(ids.Length).Select(GoldenJson.Numbers)];
            (FusionRows learned, reward) = OfficialTargets.Of(ids, models, fusion);
            LossSums sums = PlainSums(logits, learned, kullbackLeibler);
            if (Torch.Value && HeadDifference(logits, vocabulary, learned, kullbackLeibler, sums) is var difference && !(difference <= HeadTolerance))
                return GoldenResult.Fail($"sample {sample}: the fused head's sums differ from float64 by {difference:R}");
            nextToken += sums.NextToken;
            taught += sums.Fusion;
            labelled += learned.Labelled;
            rows += learned.Taught;
        }

        double clm = nextToken / labelled, expectedClm = GoldenJson.Number(row.GetProperty("clm_loss")), expectedLoss = GoldenJson.Number(row.GetProperty("loss"));
        if (!Near(clm, expectedClm, NextTokenTolerance))
            return GoldenResult.Fail($"next-token loss {clm:R}, expected {expectedClm:R}");
        double weight = arguments.GetProperty("lm_loss_weight").GetDouble(), loss = weight * clm, tolerance = NextTokenTolerance;
        if (greater || weighted)
        {
            WeightSchedule schedule = arguments.GetProperty(greater ? "distill_greater_as_gt_type" : "distill_weighted_as_gt_type").GetString() switch
            {
                "soft" => WeightSchedule.Soft,
                "hard_and_decay" => WeightSchedule.HardAndDecay,
                _ => WeightSchedule.Hard,
            };
            LossWeights weights = LossWeights.At(schedule, weight, row.GetProperty("global_step").GetInt32(), row.GetProperty("max_steps").GetInt32(), reward);
            (double nextTokenScale, double fusionScale) = weights.ScalesOf(labelled, rows);
            loss = (nextTokenScale * nextToken) + (fusionScale * taught);
            tolerance = schedule == WeightSchedule.Soft ? 5e-3 : weighted ? 1e-3 : 1e-4;
        }

        return Near(loss, expectedLoss, tolerance) ? GoldenResult.Pass : GoldenResult.Fail($"loss {loss:R}, expected {expectedLoss:R} within {tolerance:R} of it");
    }

    private static bool Near(double actual, double expected, double relative) => Math.Abs(actual - expected) <= relative * Math.Abs(expected);

    /// <summary>The first position that is not as expected; -1 when all are.</summary>
    private static int Differing(SparseRows rows, JsonElement expected)
    {
        for (int t = 0; t < rows.Count; t++)
        {
            var wanted = expected[t].EnumerateArray().ToDictionary(static p => p[0].GetInt32(), static p => (float)GoldenJson.Number(p[1]));
            foreach ((int id, float mass) in rows.IdsOf(t).ToArray().Zip(rows.MassesOf(t).ToArray()))
            {
                wanted.Remove(id, out float value);
                if (Math.Abs(Ordinal(mass) - Ordinal(value)) > 1)
                    return t;
            }

            if (wanted.Values.Any(static v => v != 0))
                return t;
        }

        return rows.Count == expected.GetArrayLength() ? -1 : rows.Count;
    }

    /// <summary>Number of a non-negative bfloat16 among all.</summary>
    private static int Ordinal(float value) => BitConverter.SingleToInt32Bits(value) >> 16;

    private static LossSums PlainSums(double[][] logits, FusionRows rows, bool kullbackLeibler)
    {
        double nextToken = 0, fusion = 0;
        for (int t = 0; t < rows.Count; t++)
        {
            double largest = logits[t].Max(), logSum = largest + Math.Log(logits[t].Sum(z => Math.Exp(z - largest)));
            if (rows.Labels[t] != FusionRows.NoLabel)
                nextToken += logSum - logits[t][rows.Labels[t]];
            for (int k = rows.Offsets[t]; k < rows.Offsets[t + 1]; k++)
            {
                double mass = rows.Masses[k];
                if (mass > 0)
                    fusion += mass * (logSum - logits[t][rows.Ids[k]] + (kullbackLeibler ? Math.Log(mass) : 0));
            }
        }

        return new LossSums(nextToken, fusion);
    }

    private static double HeadDifference(double[][] logits, int vocabulary, FusionRows rows, bool kullbackLeibler, LossSums expected)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor hidden = torch.tensor(logits.SelectMany(static z => z.Select(static v => (float)v)).ToArray(), [logits.Length, vocabulary]);
        LossSums sums = FusedHead.Run(hidden, torch.eye(vocabulary), rows, 1, 1, kullbackLeibler ? FusionDivergence.KullbackLeibler : FusionDivergence.CrossEntropy, vocabulary);
        return Math.Max(Math.Abs(sums.NextToken - expected.NextToken) / Math.Max(1, expected.NextToken), Math.Abs(sums.Fusion - expected.Fusion) / Math.Max(1, Math.Abs(expected.Fusion)));
    }
}
