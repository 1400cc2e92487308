using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>What a chunk's rows are to learn, as rectangles: every row as wide as the widest, filled up with copies of its first token.</summary>
/// <param name="Labels">[rows, 1] int64 next tokens, 0 where there is none.</param>
/// <param name="Labelled">[rows, 1] 1 or 0.</param>
/// <param name="Ids">[rows, width] int64 tokens; a masked row has token 0 without mass.</param>
/// <param name="Masses">[rows, width] their masses, copies with that of the first.</param>
/// <param name="Support">[rows, width] bool: no copy, and mass over 0.</param>
/// <param name="Missing">[rows, 1] missing masses; 0 in masked rows.</param>
internal sealed record TaughtChunk(Tensor Labels, Tensor Labelled, Tensor Ids, Tensor Masses, Tensor Support, Tensor Missing)
{
    /// <summary>Rectangles of some rows.</summary>
    public static TaughtChunk Of(FusionRows rows, ReadOnlySpan<int> chosen, ScalarType type, Device device)
    {
        int count = chosen.Length, width = 1;
        foreach (int row in chosen)
            width = Math.Max(width, rows.Offsets[row + 1] - rows.Offsets[row]);
        long[] labels = new long[count], ids = new long[count * width];
        float[] labelled = new float[count], masses = new float[count * width], missing = new float[count];
        bool[] support = new bool[count * width];
        for (int r = 0; r < count; r++)
        {
            int row = chosen[r], from = rows.Offsets[row], taught = rows.Offsets[row + 1] - from;
            if (rows.Labels[row] != FusionRows.NoLabel)
                (labels[r], labelled[r]) = (rows.Labels[row], 1);
            if (taught == 0)
                continue;
            missing[r] = rows.Missing[row];
            for (int k = 0; k < width; k++)
            {
                int place = from + (k < taught ? k : 0), cell = (r * width) + k;
                ids[cell] = rows.Ids[place];
                masses[cell] = rows.Masses[place];
                support[cell] = k < taught && masses[cell] > 0;
            }
        }

        Tensor Numbers(float[] values, int columns) => tensor(values, [count, columns], device: device).to(type);
        return new TaughtChunk(
            tensor(labels, [count, 1], device: device), Numbers(labelled, 1), tensor(ids, [count, width], device: device), Numbers(masses, width), tensor(support, [count, width], device: device), Numbers(missing, 1));
    }
}

/// <summary>Losses of a chunk's rows, and the gradient of their scaled sum by the logits.</summary>
internal sealed class ChunkLoss
{
    private readonly TaughtChunk _taught;
    private readonly Tensor _logProbabilities;
    private readonly Tensor _onSupport, _mass, _room, _hasRoom;

    /// <summary>Computes the sums.</summary>
    /// <param name="taught">What the rows are to learn.</param>
    /// <param name="logProbabilities">[rows, vocabulary]; <see cref="Gradient"/> overwrites it.</param>
    /// <param name="leastTail">Least room in the log of the tail.</param>
    public ChunkLoss(TaughtChunk taught, Tensor logProbabilities, double leastTail)
    {
        (_taught, _logProbabilities) = (taught, logProbabilities);
        Tensor none = zeros([], dtype: logProbabilities.dtype, device: logProbabilities.device);
        Tensor logOfIds = logProbabilities.gather(1, taught.Ids);
        _onSupport = logOfIds.exp();
        _mass = where(taught.Support, taught.Masses, none).sum(1, keepdim: true);

        // 1 - S in float64: where the student is sure of the support, float32 would leave a few digits of it.
        Tensor room = 1 - where(taught.Support, logOfIds.to(ScalarType.Float64).exp(), none.to(ScalarType.Float64)).sum(1, keepdim: true);
        _hasRoom = room > leastTail;
        _room = room.clamp(leastTail);
        Tensor nextToken = where(taught.Labelled > 0, logProbabilities.gather(1, taught.Labels), none).sum(type: ScalarType.Float64);
        Tensor fusion = where(taught.Support, taught.Masses * logOfIds, none).sum(type: ScalarType.Float64);
        Tensor tail = where(taught.Missing > 0, taught.Missing * _room.log(), none.to(ScalarType.Float64)).sum(type: ScalarType.Float64);
        Sums = stack([nextToken, fusion + tail]).neg();
    }

    /// <summary>[2] float64: next-token losses, fusion losses.</summary>
    public Tensor Sums { get; }

    /// <summary>[rows, vocabulary]: c (q - e_y) + f (T q - t) + the tail's part.</summary>
    public Tensor Gradient(double nextTokenScale, double fusionScale)
    {
        ScalarType type = _logProbabilities.dtype;
        Tensor zero = zeros([], dtype: type, device: _logProbabilities.device);
        Tensor tailSlope = where(_hasRoom, _taught.Missing / _room, zeros_like(_room)); // s / (1 - S), float64

        // On the support the tail's part is s q, by (s / (1 - S)) (q - S q): written so, nothing large is subtracted. Outside it is - (s / (1 - S)) S q.
        Tensor perRow = nextTokenScale * _taught.Labelled;
        Tensor outside = (perRow + fusionScale * (_mass - (tailSlope * (1 - _room)))).to(type);
        Tensor inside = (perRow + fusionScale * (_mass + where(_hasRoom, _taught.Missing, zero))) * _onSupport - fusionScale * _taught.Masses;
        Tensor values = where(_taught.Masses > 0, inside, outside * _onSupport);
        Tensor gradient = _logProbabilities.exp_().mul_(outside);
        gradient.scatter_(1, _taught.Ids, values);
        return gradient.scatter_add_(1, _taught.Labels, perRow.neg());
    }
}
