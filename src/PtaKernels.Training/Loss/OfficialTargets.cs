namespace PtaKernels.Training;

/// <summary>Which of several distributions the student learns from.</summary>
public enum OfficialFunction
{
    /// <summary>That of the model with the best cross-entropy.</summary>
    MinCe,

    /// <summary>Their mean, weighted by cross-entropy.</summary>
    AvgCe,
}

/// <summary>How the official code makes targets of a block (SPEC B 5 and 6).</summary>
/// <param name="Function">MinCE or AvgCE.</param>
/// <param name="WithBase">Whether the target's own distribution is a candidate.</param>
/// <param name="Temperature">Divides logits, and the masses that stand in their place (O8).</param>
public sealed record OfficialFusion(OfficialFunction Function = OfficialFunction.MinCe, bool WithBase = true, double Temperature = 1);

/// <summary>One model's rows of a block, as the official columns have them.</summary>
/// <param name="Ids">[length][k] tokens; an empty row is a bad case.</param>
/// <param name="Values">[length][k] logits, or masses under that name.</param>
/// <param name="CrossEntropy">The block's mean.</param>
internal sealed record OfficialModelRows(int[][] Ids, double[][] Values, double CrossEntropy);

/// <summary>The official collator and choice of targets: sparse, and with the values of its bfloat16 arithmetic.</summary>
internal static class OfficialTargets
{
    /// <summary>The collated distributions of each model, the base first.</summary>
    /// <param name="models">The base, then the aligned ones; bad cases of these are copies of the base's rows.</param>
    /// <param name="temperature">Divides the values.</param>
    /// <param name="length">Rows to make; those beyond the block put everything on <paramref name="padding"/>.</param>
    /// <param name="padding">Padding token.</param>
    public static SparseRows[] Collate(IReadOnlyList<OfficialModelRows> models, double temperature, int length, int padding)
    {
        var all = new SparseRows[models.Count];
        for (int m = 0; m < all.Length; m++)
        {
            SparseRows rows = all[m] = new SparseRows();
            for (int j = 0; j < length; j++)
            {
                if (j >= models[0].Ids.Length)
                    rows.Set(padding, 1);
                else if (m > 0 && models[m].Ids[j].Length == 0)
                    rows.Copy(all[0], j);
                else
                    AddSoftmax(rows, models[m].Ids[j], models[m].Values[j], temperature);
                rows.EndRow();
            }
        }

        return all;
    }

    /// <summary>What a block teaches, and its reward.</summary>
    /// <param name="ids">[length] the block's tokens.</param>
    /// <param name="models">The base, then the aligned ones.</param>
    /// <param name="fusion">How they are fused.</param>
    /// <returns>Row t is taught the distribution of row t and the token t + 1; the reward is the winner's under MinCE, the mean under AvgCE.</returns>
    public static (FusionRows Rows, double Reward) Of(int[] ids, IReadOnlyList<OfficialModelRows> models, OfficialFusion fusion)
    {
        SparseRows[] collated = Collate(models, fusion.Temperature, ids.Length, 0);
        (SparseRows rows, double reward) = Fuse(collated, [.. models.Select(static m => m.CrossEntropy)], fusion);
        int[] labels = new int[ids.Length];
        for (int t = 0; t < labels.Length; t++)
            labels[t] = t + 1 < ids.Length ? ids[t + 1] : FusionRows.NoLabel;
        return (rows.With(labels), reward);
    }

    /// <summary>One of the collated distributions, or their mean.</summary>
    /// <param name="collated">The base's, then the aligned ones'.</param>
    /// <param name="crossEntropies">Of the same models.</param>
    /// <param name="fusion">Which, and whether the base is a candidate.</param>
    public static (SparseRows Rows, double Reward) Fuse(SparseRows[] collated, double[] crossEntropies, OfficialFusion fusion)
    {
        SparseRows[] candidates = fusion.WithBase ? collated : collated[1..];
        float[] rewards = [.. (fusion.WithBase ? crossEntropies : crossEntropies[1..]).Select(RewardOf)];
        if (fusion.Function == OfficialFunction.MinCe)
        {
            int best = Greatest(rewards, fusion.WithBase);
            return (candidates[best], rewards.Max());
        }

        float[] weights = WeightsOf(rewards);
        var mean = new SparseRows();
        for (int row = 0; row < candidates[0].Count; row++)
        {
            for (int m = 0; m < candidates.Length; m++)
            {
                ReadOnlySpan<int> tokens = candidates[m].IdsOf(row);
                ReadOnlySpan<float> masses = candidates[m].MassesOf(row);
                for (int k = 0; k < tokens.Length; k++)
                {
                    float share = Round(weights[m] * masses[k]);
                    mean.Change(tokens[k], sum => Round(sum + share));
                }
            }

            mean.EndRow();
        }

        return (mean, rewards.Average(static r => (double)r));
    }

    /// <summary>exp(-cross-entropy) in bfloat16.</summary>
    public static float RewardOf(double crossEntropy) => Round(1f / Round(MathF.Exp(Round((float)crossEntropy))));

    /// <summary>The nearest bfloat16, ties to even.</summary>
    public static float Round(float value)
    {
        if (float.IsNaN(value))
            return value;
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return BitConverter.UInt32BitsToSingle((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000);
    }

    /// <summary>The first of the greatest; without the base the comparison is strict, so that the last of two equal ones wins.</summary>
    private static int Greatest(float[] rewards, bool withBase)
    {
        int best = 0;
        for (int m = 1; m < rewards.Length; m++)
        {
            if (rewards[m] > rewards[best] || (!withBase && rewards[m] == rewards[best]))
                best = m;
        }

        return best;
    }

    private static float[] WeightsOf(float[] rewards)
    {
        float[] weights = new float[rewards.Length];
        Softmax([.. rewards.Select(static r => (double)r)], 1, weights);
        return weights;
    }

    private static void AddSoftmax(SparseRows rows, int[] ids, double[] values, double temperature)
    {
        float[] masses = new float[values.Length];
        Softmax(values, temperature, masses);
        for (int k = 0; k < ids.Length; k++)
            rows.Set(ids[k], masses[k]);
    }

    /// <summary>bfloat16 in and out, wider inside, as PyTorch does it.</summary>
    private static void Softmax(double[] values, double temperature, float[] masses)
    {
        double sum = 0, largest = double.NegativeInfinity;
        double[] powers = new double[values.Length];
        for (int k = 0; k < powers.Length; k++)
        {
            powers[k] = Round(Round((float)values[k]) / (float)temperature);
            largest = Math.Max(largest, powers[k]);
        }

        for (int k = 0; k < powers.Length; k++)
            sum += powers[k] = Math.Exp(powers[k] - largest);
        for (int k = 0; k < powers.Length; k++)
            masses[k] = Round((float)(powers[k] / sum));
    }
}
