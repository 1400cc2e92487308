using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>Output matrix and losses in one: hidden states in; sums of the losses and their gradients out.</summary>
/// <remarks>
/// <para>
/// With z = hidden · head', q = softmax(z) over the whole head (rows of a padded vocabulary too, as in the official code), next token y, taught masses t of sum T, missing mass s and S the sum of q on the support:
/// next token - log q[y]; fusion - sum t log q - s log(max(1e-6, 1 - S)) (SPEC A3.3), for <see cref="FusionDivergence.KullbackLeibler"/> plus sum t log t. The gradients of their scaled sum by z are written down
/// rather than recorded: c (q - e_y) + f (T q - t) + f s / (1 - S) (q on the support - S q), the last term 0 where 1 - S is at most 1e-6.
/// </para>
/// <para>
/// Rows are taken in chunks whose logits are about 8 MB, and two tensors of that size are the most that exists of width vocabulary. Rows that teach nothing are left out. Everything after the product is in
/// float32 (in float64 where the inputs are). Equal inputs give equal bits: the chunks depend on shapes and on which rows teach, on nothing else.
/// </para>
/// </remarks>
public static class FusedHead
{
    /// <summary>Bytes of a chunk's logits.</summary>
    private const long ChunkBytes = 8 << 20;

    /// <summary>Least room that a log of the tail leaves (SPEC A3.3).</summary>
    private const double LeastTail = 1e-6;

    /// <summary>Losses of all rows, and their gradients where asked for.</summary>
    /// <param name="hidden">[rows, width] of float32, bfloat16 or float64.</param>
    /// <param name="head">[vocabulary, width], of the same type.</param>
    /// <param name="rows">What the rows are to learn.</param>
    /// <param name="nextTokenScale">c: factor of a row's next-token loss in the gradients.</param>
    /// <param name="fusionScale">f: factor of a row's fusion loss in the gradients.</param>
    /// <param name="divergence">Which fusion loss.</param>
    /// <param name="tokens">Tokens that the tokenizer has, at most the head's rows; larger ids in <paramref name="rows"/> are refused.</param>
    /// <param name="hiddenGradient">[rows, width]; overwritten, with 0 in rows that teach nothing. Null: not wanted.</param>
    /// <param name="headGradient">[vocabulary, width] of any of the types; added to. Null: not wanted.</param>
    /// <returns>Sums of the losses, without the factors; not numbers where the hidden states are not.</returns>
    /// <exception cref="ArgumentException">Shapes or types do not fit, or the rows are not as <see cref="FusionRows"/> says.</exception>
    public static LossSums Run(
        Tensor hidden, Tensor head, FusionRows rows, double nextTokenScale, double fusionScale, FusionDivergence divergence, int tokens, Tensor? hiddenGradient = null, Tensor? headGradient = null) =>
        Run(hidden, head, rows, nextTokenScale, fusionScale, divergence, tokens, hiddenGradient, headGradient, ChunkBytes);

    /// <summary>The same with chunks of another size.</summary>
    internal static LossSums Run(
        Tensor hidden, Tensor head, FusionRows rows, double nextTokenScale, double fusionScale, FusionDivergence divergence, int tokens, Tensor? hiddenGradient, Tensor? headGradient, long chunkBytes)
    {
        Require(hidden, head, rows, tokens, hiddenGradient, headGradient);
        using var quiet = no_grad();
        using var scope = NewDisposeScope();
        bool gradients = hiddenGradient is not null || headGradient is not null;
        int[] active = ActiveRows(rows);
        bool all = active.Length == rows.Count;
        if (!all)
            hiddenGradient?.zero_();
        ScalarType type = hidden.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        long vocabulary = head.shape[0];
        int step = ChunkRows(chunkBytes, vocabulary, type);
        Tensor sums = zeros([2], dtype: ScalarType.Float64, device: hidden.device);
        using Tensor headTransposed = head.t();
        for (int start = 0; start < active.Length; start += step)
        {
            using var chunkScope = NewDisposeScope();
            int count = Math.Min(step, active.Length - start);
            ReadOnlySpan<int> chosen = active.AsSpan(start, count);
            Tensor? places = all ? null : tensor(Widen(chosen), dtype: ScalarType.Int64, device: hidden.device);
            Tensor states = places is null ? hidden.narrow(0, start, count) : hidden.index_select(0, places);
            var taught = TaughtChunk.Of(rows, chosen, type, hidden.device);
            Tensor product = states.matmul(headTransposed), logits = product.to(type);
            Tensor logProbabilities = logits.log_softmax(1);
            product.Dispose(); // the same memory as the logits, where no type was changed
            logits.Dispose();
            var chunk = new ChunkLoss(taught, logProbabilities, LeastTail);
            sums.add_(chunk.Sums);
            if (!gradients)
                continue;
            Tensor slope = chunk.Gradient(nextTokenScale, fusionScale).to(hidden.dtype);
            if (hiddenGradient is not null)
            {
                Tensor back = slope.matmul(head).to(hiddenGradient.dtype);
                if (places is null)
                    hiddenGradient.narrow(0, start, count).copy_(back);
                else
                    hiddenGradient.index_copy_(0, places, back);
            }

            if (headGradient is not null)
                AddProduct(headGradient, slope.t(), states);
        }

        double[] both = sums.cpu().data<double>().ToArray();
        return new LossSums(both[0], both[1] + (divergence == FusionDivergence.KullbackLeibler ? NegativeEntropy(rows) : 0));
    }

    /// <summary>Rows of a chunk: a multiple of 16 where there is room for that many.</summary>
    private static int ChunkRows(long bytes, long vocabulary, ScalarType type)
    {
        long rows = Math.Max(1, bytes / (vocabulary * (type == ScalarType.Float64 ? sizeof(double) : sizeof(float))));
        return (int)Math.Min(rows < 16 ? rows : rows & ~15L, 1 << 20);
    }

    private static void AddProduct(Tensor sum, Tensor left, Tensor right)
    {
        if (sum.dtype == left.dtype)
            sum.addmm_(left, right, 1, 1);
        else
            sum.add_(left.matmul(right));
    }

    private static int[] ActiveRows(FusionRows rows)
    {
        var active = new List<int>(rows.Count);
        for (int row = 0; row < rows.Count; row++)
        {
            if (rows.Labels[row] != FusionRows.NoLabel || rows.Offsets[row + 1] > rows.Offsets[row])
                active.Add(row);
        }

        return [.. active];
    }

    private static double NegativeEntropy(FusionRows rows)
    {
        double sum = 0;
        foreach (float mass in rows.Masses.AsSpan(rows.Offsets[0], rows.Offsets[^1] - rows.Offsets[0]))
            sum += mass > 0 ? mass * Math.Log(mass) : 0;
        return sum;
    }

    private static long[] Widen(ReadOnlySpan<int> values)
    {
        long[] wide = new long[values.Length];
        for (int i = 0; i < wide.Length; i++)
            wide[i] = values[i];
        return wide;
    }

    private static void Require(Tensor hidden, Tensor head, FusionRows rows, int tokens, Tensor? hiddenGradient, Tensor? headGradient)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        ArgumentNullException.ThrowIfNull(head);
        ArgumentNullException.ThrowIfNull(rows);
        if (hidden.dtype is not (ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float64) || head.dtype != hidden.dtype)
            throw new ArgumentException($"hidden states are {hidden.dtype} and the head is {head.dtype}; both must be float32, bfloat16 or float64.");
        if (hidden.shape.Length != 2 || head.shape.Length != 2 || hidden.shape[1] != head.shape[1] || hidden.shape[0] != rows.Count)
            throw new ArgumentException($"hidden states [{string.Join(", ", hidden.shape)}] and head [{string.Join(", ", head.shape)}] do not fit {rows.Count} rows.");
        if (tokens < 1 || tokens > head.shape[0])
            throw new ArgumentException($"the tokenizer has {tokens} tokens, but the head has {head.shape[0]} rows; use the model's own tokenizer.");
        if ((hiddenGradient is not null && !hiddenGradient.shape.SequenceEqual(hidden.shape)) || (headGradient is not null && !headGradient.shape.SequenceEqual(head.shape)))
            throw new ArgumentException("a gradient must have the shape of what it is the gradient of.");
        rows.Require(tokens);
    }
}
