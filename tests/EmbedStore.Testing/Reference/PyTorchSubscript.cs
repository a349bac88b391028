using EmbedStore.Tensors;

namespace EmbedStore.Testing;

/// <summary>PyTorch: basic items are applied one after the other, with a list beside them that says which axis got which index tensor; then the list is applied.</summary>
internal static class PyTorchSubscript
{
    public static ReferenceArray Select(ReferenceArray view, List<ReferenceItem> items, int ellipsisWidth)
    {
        var recorded = new Dictionary<int, ReferenceItem>();
        int axis = 0;
        foreach (ReferenceItem item in items)
        {
            view = Apply(view, item, recorded, ellipsisWidth, ref axis);
        }

        ReferenceArray?[] indices = [.. Expand(view, recorded)];
        ReferenceArray[] given = [.. indices.OfType<ReferenceArray>()];
        if (given.Length == 0)
        {
            return view;
        }

        int[] block = ReferenceArray.Broadcast(given.Select(static index => index.Shape)) ?? throw new ReferenceException(ErrorCode.ShapeMismatch, "index tensors do not broadcast");
        bool picksFromNothing = indices.Where((index, i) => index is not null && view.Shape[i] == 0).Any() && !block.Contains(0);
        if (picksFromNothing)
        {
            throw new ReferenceException(ErrorCode.IndexOutOfRange, "a dimension without elements");
        }

        int first = Array.FindIndex(indices, static index => index is not null);
        int last = Array.FindLastIndex(indices, static index => index is not null);
        bool together = last - first + 1 == given.Length;
        return ReferenceSubscript.Pick(view, indices, block, blockAt: together ? first : 0);
    }

    private static ReferenceArray Apply(ReferenceArray view, ReferenceItem item, Dictionary<int, ReferenceItem> recorded, int ellipsisWidth, ref int axis)
    {
        switch (item)
        {
            case { Integer: { } integer }:
                return view.Select(axis, ReferenceSubscript.Counted(integer, view.Shape[axis]));
            case { Item: SliceItem { Step: < 0 } }:
                throw new ReferenceException(ErrorCode.MalformedSubscript, "a negative step");
            case { Item: SliceItem slice }:
                return view.Keep(axis, ReferenceSubscript.Places(slice, view.Shape[axis++]));
            case { Item: EllipsisItem }:
                axis += ellipsisWidth;
                return view;
            case { Item: NewAxisItem }:
                return view.Insert(axis++);
            case { Mask.Shape.Length: 0 }:
                recorded[axis] = new ReferenceItem(item.Item, Indices: item.Once());
                return view.Insert(axis++);
            default:
                // A mask of any rank moves on by one axis only.
                recorded[axis++] = item;
                return view;
        }
    }

    /// <summary>One entry for each axis of the view, once masks took as many as they have dimensions.</summary>
    private static List<ReferenceArray?> Expand(ReferenceArray view, Dictionary<int, ReferenceItem> recorded)
    {
        var indices = new List<ReferenceArray?>();
        int end = recorded.Count == 0 ? 0 : recorded.Keys.Max() + 1;
        for (int i = 0; i < end; i++)
        {
            ReferenceItem? item = recorded.GetValueOrDefault(i);
            if (item?.Mask is { } mask)
            {
                int[] covered = [.. view.Shape.Skip(indices.Count).Take(mask.Shape.Length)];
                if (!covered.SequenceEqual(mask.Shape))
                {
                    throw new ReferenceException(ErrorCode.MaskMismatch, "a mask does not fit");
                }

                indices.AddRange(item.Coordinates());
            }
            else
            {
                indices.Add(item?.Indices);
            }
        }

        if (indices.Count > view.Shape.Length)
        {
            throw new ReferenceException(ErrorCode.TooManyIndices, "too many indices");
        }

        indices.AddRange(new ReferenceArray?[view.Shape.Length - indices.Count]);
        return indices;
    }
}
