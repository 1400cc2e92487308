using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Loss;

/// <summary>The loss over dense targets, by autograd: what <see cref="FusedHead"/> must agree with.</summary>
internal static class DenseLoss
{
    /// <summary>Losses, and the gradients of c · next token + f · fusion by hidden states and head.</summary>
    public static (double NextToken, double Fusion, Tensor Hidden, Tensor Head) Of(Tensor hidden, Tensor head, FusionRows rows, double c, double f, bool kullbackLeibler)
    {
        Tensor h = hidden.detach().clone().requires_grad_(true), w = head.detach().clone().requires_grad_(true);
        Tensor q = h.matmul(w.t()).softmax(1);
        Tensor nextToken = zeros(1, dtype: hidden.dtype).sum(), fusion = nextToken.clone();
        for (int row = 0; row < rows.Labels.Length; row++)
        {
            if (rows.Labels[row] >= 0)
                nextToken = nextToken - q[row, rows.Labels[row]].log();
            Tensor onSupport = zeros(1, dtype: hidden.dtype).sum();
            for (int k = rows.Offsets[row]; k < rows.Offsets[row + 1]; k++)
            {
                if (rows.Masses[k] == 0)
                    continue;
                fusion = fusion - rows.Masses[k] * q[row, rows.Ids[k]].log();
                onSupport = onSupport + q[row, rows.Ids[k]];
                if (kullbackLeibler)
                    fusion = fusion + (rows.Masses[k] * Math.Log(rows.Masses[k]));
            }

            if (rows.Offsets[row + 1] > rows.Offsets[row] && rows.Missing[row] > 0)
                fusion = fusion - rows.Missing[row] * (1 - onSupport).clamp(1e-6).log();
        }

        (c * nextToken + f * fusion + 0 * (h.sum() + w.sum())).backward();
        return (nextToken.item<double>(), fusion.item<double>(), h.grad!, w.grad!);
    }
}

/// <summary>Rows drawn at random, and written by hand.</summary>
internal static class DrawnRows
{
    /// <summary>Rows of which some have no label, some no distribution, some neither; <paramref name="tail"/>: with missing mass.</summary>
    public static FusionRows Draw(int seed, int count, int vocabulary, int most, bool tail)
    {
        var random = new Random(seed);
        List<int> labels = [], offsets = [0], ids = [];
        List<float> masses = [], missing = [];
        for (int row = 0; row < count; row++)
        {
            labels.Add(random.Next(4) == 0 ? FusionRows.NoLabel : random.Next(vocabulary));
            int taught = random.Next(4) == 0 ? 0 : random.Next(1, Math.Min(most, vocabulary) + 1);
            float left = taught > 0 && tail && random.Next(4) > 0 ? random.NextSingle() : 0;
            float[] raw = [.. Enumerable.Range(0, taught).Select(_ => random.Next(8) == 0 ? 0f : random.NextSingle() + 0.01f)];
            float sum = raw.Sum();
            if (taught > 0 && sum == 0)
                raw[0] = sum = 1;
            ids.AddRange(Enumerable.Range(0, vocabulary).OrderBy(_ => random.Next()).Take(taught));
            masses.AddRange(raw.Select(r => r / sum * (1 - left)));
            missing.Add(left);
            offsets.Add(ids.Count);
        }

        return new FusionRows { Labels = [.. labels], Offsets = [.. offsets], Ids = [.. ids], Masses = [.. masses], Missing = [.. missing] };
    }

    /// <summary>One row.</summary>
    public static FusionRows One(int label, int[] ids, float[] masses, float missing) =>
        new() { Labels = [label], Offsets = [0, ids.Length], Ids = ids, Masses = masses, Missing = [missing] };
}
