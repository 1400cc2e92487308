namespace PtaKernels.Training;

/// <summary>Tokens that are trained on together, and what each position learns.</summary>
/// <param name="Ids">[length] tokens.</param>
/// <param name="Segments">[length] number of the document within the sequence, from 0, never falling; all 0 where documents see each other.</param>
/// <param name="Documents">Names of the documents, by that number; a block of the official packing has its own name instead.</param>
/// <param name="Rows">[length] next tokens and distributions.</param>
/// <param name="Reward">Weight of the fusion loss under <see cref="WeightSchedule.Soft"/>, in [0, 1].</param>
public sealed record PackedSequence(int[] Ids, int[] Segments, string[] Documents, FusionRows Rows, double Reward)
{
    /// <summary>Number of positions.</summary>
    public int Length => Ids.Length;
}
