namespace PtaKernels.Training;

/// <summary>What is kept of the distributions of some positions.</summary>
/// <param name="count">Positions.</param>
/// <param name="k">Candidates of each.</param>
internal sealed class CapturedRows(int count, int k)
{
    /// <summary>[count, k] candidates, value descending, equal values by id ascending.</summary>
    public int[] Ids { get; } = new int[count * k];

    /// <summary>[count, k] their logits.</summary>
    public float[] Logits { get; } = new float[count * k];

    /// <summary>[count] log-sum-exp of all logits of ids with a token.</summary>
    public double[] LogSumExp { get; } = new double[count];

    /// <summary>[count] cross-entropy of the next token in nats; NaN without one.</summary>
    public float[] CrossEntropy { get; } = new float[count];

    /// <summary>Sets a candidate, in any order of equal values.</summary>
    public void Set(int row, int column, int id, float logit)
    {
        Ids[(row * k) + column] = id;
        Logits[(row * k) + column] = logit;
    }

    /// <summary>Orders a row's candidates and sets its other values.</summary>
    /// <param name="row">The row.</param>
    /// <param name="logSumExp">Of all its logits.</param>
    /// <param name="own">Logit of the next token, or null.</param>
    public void Finish(int row, double logSumExp, float? own)
    {
        Span<int> ids = Ids.AsSpan(row * k, k);
        Span<float> logits = Logits.AsSpan(row * k, k);
        for (int i = 1; i < k; i++)
        {
            (int id, float logit) = (ids[i], logits[i]);
            int at = i;
            while (at > 0 && (logits[at - 1] < logit || (logits[at - 1] == logit && ids[at - 1] > id)))
            {
                (ids[at], logits[at]) = (ids[at - 1], logits[at - 1]);
                at--;
            }

            (ids[at], logits[at]) = (id, logit);
        }

        LogSumExp[row] = logSumExp;
        CrossEntropy[row] = own is { } label ? (float)(logSumExp - label) : float.NaN;
    }
}
