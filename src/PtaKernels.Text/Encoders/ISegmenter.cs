namespace PtaKernels.Text;

/// <summary>Cuts a normalised text into pieces.</summary>
internal interface ISegmenter
{
    /// <summary>Joins pairs for one call; null where the kind has no pairs.</summary>
    PairMerger? CreateMerger();

    /// <summary>Cuts the text of the buffers and adds the pieces to them.</summary>
    void Segment(EncoderBuffers buffers);
}
