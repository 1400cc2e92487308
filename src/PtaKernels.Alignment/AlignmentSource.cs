namespace PtaKernels.Alignment;

/// <summary>One giving model of a run.</summary>
/// <param name="Name">Name in reports and messages, usually the vocabulary's or the file's.</param>
/// <param name="Vocabularies">Its vocabulary and the target's.</param>
public sealed record AlignmentSource(string Name, VocabularyPair Vocabularies);

/// <summary>One document after all sources.</summary>
/// <param name="PerSource">By source: the rows it alone gives, with their fallback only under output <c>official</c>.</param>
/// <param name="Merged">The fused rows; null under output <c>official</c>, where the trainer chooses between the sources' columns.</param>
public sealed record FusedDocument(AlignedDocument[] PerSource, AlignedDocument? Merged);
