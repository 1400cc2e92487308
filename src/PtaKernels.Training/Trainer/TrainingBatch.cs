using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>Packed sequences on the device, padded to the longest, and what their positions are to learn.</summary>
internal sealed class TrainingBatch : IDisposable
{
    private TrainingBatch(Tensor ids, AttentionPattern attention, FusionRows rows, IReadOnlyList<PackedSequence> sequences)
    {
        Ids = ids;
        Attention = attention;
        Rows = rows;
        Sequences = sequences;
    }

    /// <summary>[batch, length] int64; padding is id 0, a document of its own that teaches nothing.</summary>
    public Tensor Ids { get; }

    public AttentionPattern Attention { get; }

    /// <summary>Rows are the flattened positions.</summary>
    public FusionRows Rows { get; }

    public IReadOnlyList<PackedSequence> Sequences { get; }

    public static TrainingBatch Of(IReadOnlyList<PackedSequence> sequences, Device device)
    {
        int length = sequences.Max(static s => s.Ids.Length), count = sequences.Count;
        long[] ids = new long[count * length];
        int[] segments = new int[count * length];
        for (int b = 0; b < count; b++)
        {
            PackedSequence sequence = sequences[b];
            for (int t = 0; t < length; t++)
            {
                bool real = t < sequence.Ids.Length;
                ids[(b * length) + t] = real ? sequence.Ids[t] : 0;
                segments[(b * length) + t] = real ? sequence.Segments[t] : int.MaxValue;
            }
        }

        bool plain = Enumerable.Range(0, count).All(b => segments.AsSpan(b * length, length).IndexOfAnyExcept(segments[b * length]) < 0);
        using Tensor host = tensor(ids, [count, length]);
        return new TrainingBatch(
            host.to(device).DetachFromDisposeScope(),
            plain ? AttentionPattern.Causal(count, length, device) : AttentionPattern.Documents(segments, count, length, device),
            Join(sequences, length), sequences);
    }

    public void Dispose()
    {
        Ids.Dispose();
        Attention.Dispose();
    }

    private static FusionRows Join(IReadOnlyList<PackedSequence> sequences, int length)
    {
        int rows = sequences.Count * length, entries = sequences.Sum(static s => s.Rows.Ids.Length);
        int[] labels = new int[rows], offsets = new int[rows + 1], ids = new int[entries];
        float[] masses = new float[entries], missing = new float[rows];
        Array.Fill(labels, FusionRows.NoLabel);
        int row = 0, entry = 0;
        foreach (PackedSequence sequence in sequences)
        {
            FusionRows from = sequence.Rows;
            from.Labels.CopyTo(labels, row);
            from.Missing.CopyTo(missing, row);
            from.Ids.CopyTo(ids, entry);
            from.Masses.CopyTo(masses, entry);
            for (int t = 0; t < length; t++)
                offsets[row + t] = entry + from.Offsets[Math.Min(t, from.Count)];
            row += length;
            entry += from.Ids.Length;
        }

        offsets[rows] = entry;
        return new FusionRows { Labels = labels, Offsets = offsets, Ids = ids, Masses = masses, Missing = missing };
    }
}
