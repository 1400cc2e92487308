using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Documents that go over the device together: their positions one after the other, in page-locked memory and on the device.</summary>
internal sealed class DocumentChunk
{
    /// <summary>Stages and sends both sides.</summary>
    /// <param name="lane">The lane that the chunk runs on.</param>
    /// <param name="documents">[documents] of one k per side whose shapes agree; at least one.</param>
    /// <param name="tail">Log-sum-exps are needed.</param>
    public DocumentChunk(GpuLane lane, IReadOnlyList<DocumentPair> documents, bool tail)
    {
        Documents = documents;
        Source = new ChunkSide(lane, [.. documents.Select(static d => d.Source)], tail);
        Target = new ChunkSide(lane, [.. documents.Select(static d => d.Target)], tail: false);
    }

    /// <summary>The documents.</summary>
    public IReadOnlyList<DocumentPair> Documents { get; }

    /// <summary>The giving side.</summary>
    public ChunkSide Source { get; }

    /// <summary>The receiving side.</summary>
    public ChunkSide Target { get; }
}

/// <summary>One side of a chunk.</summary>
internal sealed class ChunkSide
{
    public ChunkSide(GpuLane lane, TokenizedDocument[] documents, bool tail)
    {
        K = documents[0].Candidates.K;
        Starts = new int[documents.Length + 1];
        for (int d = 0; d < documents.Length; d++)
            Starts[d + 1] = checked(Starts[d] + documents[d].Length);
        Staged<int> ids = lane.Stage<int>(Count), owners = lane.Stage<int>(Count), candidates = lane.Stage<int>((long)Count * K);
        Staged<double> logits = lane.Stage<double>((long)Count * K), logSumExp = lane.Stage<double>(tail ? Count : 0);
        for (int d = 0; d < documents.Length; d++)
        {
            TokenizedDocument document = documents[d];
            int start = Starts[d];
            document.Ids.CopyTo(ids.Span[start..]);
            owners.Span.Slice(start, document.Length).Fill(d);
            document.Candidates.Indices.CopyTo(candidates.Span[(start * K)..]);
            document.Candidates.Values.CopyTo(logits.Span[(start * K)..]);
            if (tail)
                document.LogSumExp!.CopyTo(logSumExp.Span[start..]);
        }

        Ids = lane.Send(ids);
        DocumentOf = lane.Send(owners);
        Candidates = lane.Send(candidates);
        Logits = lane.Send(logits);
        LogSumExp = lane.Send(logSumExp);
    }

    /// <summary>Candidates per position.</summary>
    public int K { get; }

    /// <summary>[documents + 1] first position of each.</summary>
    public int[] Starts { get; }

    /// <summary>Positions.</summary>
    public int Count => Starts[^1];

    /// <summary>[positions] token ids.</summary>
    public ArrayView<int> Ids { get; }

    /// <summary>[positions] document of each.</summary>
    public ArrayView<int> DocumentOf { get; }

    /// <summary>[positions, k] candidates.</summary>
    public ArrayView<int> Candidates { get; }

    /// <summary>[positions, k] logits.</summary>
    public ArrayView<double> Logits { get; }

    /// <summary>[positions] log-sum-exps, or empty.</summary>
    public ArrayView<double> LogSumExp { get; }
}
