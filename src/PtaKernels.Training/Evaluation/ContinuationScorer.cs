using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>A sequence whose last tokens are to be predicted from those before them.</summary>
/// <param name="Tokens">[length] all tokens.</param>
/// <param name="From">The first that is predicted, 1..length; length for none.</param>
public readonly record struct Continuation(int[] Tokens, int From);

/// <summary>How well a continuation was predicted.</summary>
/// <param name="LogLikelihood">Sum of ln p over its tokens; 0 for none.</param>
/// <param name="IsGreedy">Each of its tokens is the most probable one at its place; of equal ones the first counts.</param>
public readonly record struct ContinuationScore(double LogLikelihood, bool IsGreedy);

/// <summary>Log-likelihoods of continuations under a model, in batches of like length; sequences that differ in their last token only share one pass.</summary>
/// <param name="model">The model.</param>
/// <param name="device">Where it is.</param>
public sealed class ContinuationScorer(CausalModel model, Device device)
{
    private const int LogitsAtOnce = 1 << 23;

    /// <summary>Positions of a batch, padding included; a longer sequence has its own batch.</summary>
    public int BatchTokens { get; init; } = 4096;

    /// <summary>Scores all, in their order.</summary>
    /// <param name="continuations">What to score.</param>
    /// <param name="progress">Told the tokens done and their share.</param>
    /// <param name="cancellation">Stops.</param>
    /// <remarks>Logits are the model's, their softmax float32, sums float64. A score does not depend on the others but for rounding.</remarks>
    public ContinuationScore[] Score(IReadOnlyList<Continuation> continuations, Action<long, double>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(continuations);
        if (continuations.FirstOrDefault(static c => c.From < 1 || c.From > Math.Max(1, c.Tokens.Length)) is { Tokens: not null } bad)
            throw new ArgumentException($"A continuation starts at token {bad.From} of {bad.Tokens.Length}.", nameof(continuations));
        using var frozen = no_grad();
        ContinuationScore[] scores = [.. Enumerable.Repeat(new ContinuationScore(0, true), continuations.Count)];
        // The last token is only predicted, so the model does not see it.
        int[][] inputs = [.. Enumerable.Range(0, continuations.Count).Where(i => continuations[i].From < continuations[i].Tokens.Length)
            .GroupBy(i => continuations[i], SameInput.Instance).Select(static g => g.ToArray()).OrderBy(g => continuations[g[0]].Tokens.Length)];
        long total = inputs.Sum(g => (long)Length(g)), done = 0;
        for (int first = 0; first < inputs.Length;)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = 1;
            while (first + count < inputs.Length && Length(inputs[first + count]) * (count + 1L) <= BatchTokens)
                count++;
            ScoreBatch(continuations, inputs.AsSpan(first, count), scores);
            done += inputs.AsSpan(first, count).ToArray().Sum(g => (long)Length(g));
            progress?.Invoke(done, (double)done / total);
            first += count;
        }

        return scores;

        int Length(int[] group) => continuations[group[0]].Tokens.Length - 1;
    }

    private void ScoreBatch(IReadOnlyList<Continuation> continuations, ReadOnlySpan<int[]> batch, ContinuationScore[] scores)
    {
        using var scope = NewDisposeScope();
        int length = continuations[batch[^1][0]].Tokens.Length - 1;
        long[] ids = new long[batch.Length * length];
        for (int b = 0; b < batch.Length; b++)
        {
            ReadOnlySpan<int> tokens = continuations[batch[b][0]].Tokens;
            for (int t = 0; t < tokens.Length - 1; t++)
                ids[(b * length) + t] = tokens[t];
        }

        using AttentionPattern attention = AttentionPattern.Causal(batch.Length, length, device);
        Tensor hidden = model.Hidden(tensor(ids, [batch.Length, length]).to(device), attention);
        Tensor head = model.Weights[model.HeadName];
        for (int b = 0; b < batch.Length; b++)
        {
            (int[] tokens, int from) = continuations[batch[b][0]];
            // Row t predicts token t + 1.
            Tensor rows = hidden.select(0, b).narrow(0, from - 1, tokens.Length - from);
            ContinuationScore shared = ScoreRows(rows.narrow(0, 0, rows.shape[0] - 1), head, tokens.AsSpan(from..^1));
            using var part = NewDisposeScope();
            Tensor last = Logits(rows.narrow(0, rows.shape[0] - 1, 1), head);
            int[] labels = [.. batch[b].Select(i => continuations[i].Tokens[^1])];
            (double[] logs, bool[] greedy) = ScoreLabels(last.expand(labels.Length, last.shape[1]), labels);
            foreach ((int place, int i) in batch[b].Index())
                scores[i] = new ContinuationScore(shared.LogLikelihood + logs[place], shared.IsGreedy && greedy[place]);
        }
    }

    private static Tensor Logits(Tensor rows, Tensor head) => rows.matmul(head.t()).to(ScalarType.Float32);

    private ContinuationScore ScoreRows(Tensor rows, Tensor head, ReadOnlySpan<int> labels)
    {
        double sum = 0;
        bool isGreedy = true;
        int most = Math.Max(1, LogitsAtOnce / model.Config.Vocabulary);
        for (int first = 0; first < labels.Length; first += most)
        {
            using var part = NewDisposeScope();
            int count = Math.Min(most, labels.Length - first);
            (double[] logs, bool[] greedy) = ScoreLabels(Logits(rows.narrow(0, first, count), head), labels.Slice(first, count));
            sum += logs.Sum();
            isGreedy &= Array.TrueForAll(greedy, static g => g);
        }

        return new ContinuationScore(sum, isGreedy);
    }

    /// <summary>ln p of a label per row, and whether no id has a larger logit and no smaller id an equal one.</summary>
    private (double[] Logs, bool[] Greedy) ScoreLabels(Tensor logits, ReadOnlySpan<int> labels)
    {
        long[] wide = new long[labels.Length];
        for (int i = 0; i < wide.Length; i++)
            wide[i] = labels[i];
        Tensor ids = tensor(wide, [wide.Length, 1]).to(device);
        Tensor own = logits.gather(1, ids);
        Tensor better = logits.gt(own).logical_or(logits.eq(own).logical_and(arange(logits.shape[1], ScalarType.Int64, device).unsqueeze(0).lt(ids)));
        Tensor logs = (own.squeeze(1) - logits.logsumexp(1)).to(ScalarType.Float64).cpu();
        return (logs.data<double>().ToArray(), [.. better.any(1).logical_not().cpu().data<bool>()]);
    }

    /// <summary>Sequences that the model sees the same of.</summary>
    private sealed class SameInput : IEqualityComparer<Continuation>
    {
        public static readonly SameInput Instance = new();

        public bool Equals(Continuation x, Continuation y) => x.From == y.From && x.Tokens.AsSpan(..^1).SequenceEqual(y.Tokens.AsSpan(..^1));

        public int GetHashCode(Continuation c)
        {
            var hash = new HashCode();
            hash.AddBytes(MemoryMarshal.AsBytes(c.Tokens.AsSpan(..^1)));
            hash.Add(c.From);
            return hash.ToHashCode();
        }
    }
}
