using Apache.Arrow;

namespace PtaKernels.Corpus.Stores;

/// <summary>Documents on their way into a record batch of a store.</summary>
internal interface IStoreBatch
{
    /// <summary>Documents held.</summary>
    int Documents { get; }

    /// <summary>Their tokens.</summary>
    long Tokens { get; }

    /// <summary>UTF-8 bytes of their texts, where known.</summary>
    long TextBytes { get; }

    /// <summary>The columns in the schema's order, valid until the next change.</summary>
    ArrayData[] Build();

    /// <summary>Forgets the documents, and keeps the memory for the next ones.</summary>
    void Clear();
}
